import assert from "node:assert/strict";
import { processor, processorText } from "./processor.ts";

const X86 =
  "processor\t: 0\nflags\t\t: fpu sse2 fma avx avx2 f16c avx512_vnni smep rdtscp\n\nprocessor\t: 1\nflags\t\t: sse\n";

Deno.test("processor() reads vector extensions and settings, by hand", () => {
  const read = processor({
    cpuInfo: X86,
    env: { TF_ENABLE_ONEDNN_OPTS: "0", OTHER: "1", ONEDNN_MAX_CPU_ISA: undefined },
  });
  assert.deepEqual(read.extensions, ["avx", "avx2", "avx512_vnni", "f16c", "fma"]);
  assert.deepEqual(read.settings, { TF_ENABLE_ONEDNN_OPTS: "0" });
  assert.equal(
    processorText({ ...read, model: "M", architecture: "x64" }),
    "M x64 (avx avx2 avx512_vnni f16c fma), TF_ENABLE_ONEDNN_OPTS=0",
  );
  const arm = processor({ cpuInfo: "Features\t: fp asimd asimddp sve sme2 bf16 crc32\n", env: {} });
  assert.deepEqual(arm.extensions, ["asimd", "asimddp", "bf16", "sme2", "sve"]);
});

Deno.test("processor() does without a list of extensions, and tells this machine alike each time", () => {
  const bare = processor({ cpuInfo: "", env: {} });
  assert.deepEqual([bare.extensions, bare.settings], [[], {}]);
  assert.match(processorText(bare), / \(extensions unknown\)$/);
  assert.deepEqual(processor(), processor());
});
