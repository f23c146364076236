// A Node-API module with two functions, mute() and unmute(), for standard error; scripts/setup.ts builds it and
// lib/engine holds it closed just while libtensorflow is loaded.
//
// libtensorflow writes "oneDNN custom operations are on" from a static initialiser, where neither an environment
// variable nor the log's own level reaches (tried: TF_CPP_MIN_LOG_LEVEL, absl::SetMinLogLevel), and a notebook
// cell would show it each time. If loading fails, the error still arrives as an exception.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

namespace {

int saved_stderr = -1;

napi_value Mute(napi_env, napi_callback_info) {
  const int nowhere = open("/dev/null", O_WRONLY);
  if (saved_stderr < 0 && nowhere >= 0 && (saved_stderr = dup(STDERR_FILENO)) >= 0) dup2(nowhere, STDERR_FILENO);
  if (nowhere >= 0) close(nowhere);
  return nullptr;
}

napi_value Unmute(napi_env, napi_callback_info) {
  if (saved_stderr >= 0) {
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    saved_stderr = -1;
  }
  return nullptr;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"mute", nullptr, Mute, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"unmute", nullptr, Unmute, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}
