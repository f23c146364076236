/**
 * Teaches tfjs-node-gpu's binding to pass lists of strings and of types as attributes of an operation.
 *
 * TensorFlow's fused convolutions (convolution, bias, addition and ReLU in one pass over memory) name their parts in
 * such lists; without them the binding reaches every kernel but these. The package is pinned, so the two places are
 * known to the letter; where they are not found, the build says so rather than guess.
 */
/** @throws {TypeError} If the source is not the one that this was written for. */
export function widenAttributes(source: string): string {
  return [STRINGS, TYPES].reduce((text, { label, code }) => {
    const places = text.split(label).length - 1;
    if (places !== 1) {
      throw new TypeError(
        `Cannot widen the binding: tfjs_backend.cc must hold "${label.trim()}" once, found it ${places} times ` +
          "(tfjs-node-gpu is not the pinned version: delete node_modules, then: deno task setup)",
      );
    }
    return text.replace(label, () => label + code);
  }, source);
}

const READ_LENGTH = `
      if (IsArray(env, nstatus, &js_value)) {
        uint32_t length;
        nstatus = napi_get_array_length(env, js_value, &length);
        ENSURE_NAPI_OK(env, nstatus);`;

const STRINGS = {
  label: "    case TF_ATTR_STRING: {\n",
  code: `${READ_LENGTH}
        std::vector<std::string> texts(length);
        std::vector<const void *> starts(length);
        std::vector<size_t> sizes(length);
        for (uint32_t i = 0; i < length; ++i) {
          napi_value element;
          nstatus = napi_get_element(env, js_value, i, &element);
          ENSURE_NAPI_OK(env, nstatus);
          nstatus = GetStringParam(env, element, texts[i]);
          ENSURE_NAPI_OK(env, nstatus);
          starts[i] = texts[i].data();
          sizes[i] = texts[i].size();
        }
        TFE_OpSetAttrStringList(tfe_op, attr_name, starts.data(), sizes.data(), static_cast<int>(length));
        break;
      }
`,
};

const TYPES = {
  label: "    case TF_ATTR_TYPE: {\n",
  code: `${READ_LENGTH}
        std::vector<TF_DataType> types(length);
        for (uint32_t i = 0; i < length; ++i) {
          napi_value element;
          int32_t type;
          nstatus = napi_get_element(env, js_value, i, &element);
          ENSURE_NAPI_OK(env, nstatus);
          nstatus = napi_get_value_int32(env, element, &type);
          ENSURE_NAPI_OK(env, nstatus);
          types[i] = static_cast<TF_DataType>(type);
        }
        TFE_OpSetAttrTypeList(tfe_op, attr_name, types.data(), static_cast<int>(length));
        break;
      }
`,
};
