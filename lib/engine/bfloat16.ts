/** Operations of libtensorflow that multiply in bfloat16, for float32 tensors; and where that is worth while. */
import { existsSync, readFileSync } from "node:fs";
import type { Tensor } from "@tensorflow/tfjs";
import type { Attribute, NativeBackend } from "./native_backend.ts";

/** `TF_BFLOAT16` of `tensorflow/c/tf_datatype.h`; the addon has no name for it. */
export const TF_BFLOAT16 = 14;

const CPU_FACTS = "/proc/cpuinfo";

/**
 * Whether this processor multiplies in bfloat16; without such instructions libtensorflow is slower that way than in
 * float32. Known on Linux only.
 */
export function processorHasBfloat16(): boolean {
  return existsSync(CPU_FACTS) && /\b(amx_bf16|avx512_bf16)\b/.test(readFileSync(CPU_FACTS, "utf8"));
}

/** Runs an operation of one output; its attributes name the type that it computes in. */
export type Execute = (op: string, attributes: Attribute[], inputs: Tensor[]) => Tensor;

/**
 * Rounds an operation's float32 inputs to bfloat16, to the nearest, runs it there, and widens what comes out.
 *
 * The rounded tensors never become TensorFlow.js's, which has no such type. A tensor read by two operations is rounded
 * twice: rounding and widening take a fifth of ResNet-18's step, a third of that for what is read twice.
 */
export function createBfloat16Execute(native: NativeBackend): Execute {
  const { binding } = native;
  const cast = (from: number, to: number): Attribute[] => [
    { name: "SrcT", type: binding.TF_ATTR_TYPE, value: from },
    { name: "DstT", type: binding.TF_ATTR_TYPE, value: to },
    { name: "Truncate", type: binding.TF_ATTR_BOOL, value: false },
  ];
  const [rounding, widening] = [cast(binding.TF_FLOAT, TF_BFLOAT16), cast(TF_BFLOAT16, binding.TF_FLOAT)];

  return (op, attributes, inputs) => {
    const own: number[] = [];
    const run = (op: string, attributes: Attribute[], ids: number[]) => {
      const [{ id }] = binding.executeOp(op, attributes, ids, 1);
      own.push(id);
      return id;
    };
    try {
      const ids = native.getInputTensorIds(inputs).map((id, k) =>
        inputs[k].dtype === "float32" ? run("Cast", rounding, [id]) : id
      );
      const [widened] = binding.executeOp("Cast", widening, [run(op, attributes, ids)], 1);
      return native.createOutputTensor(widened);
    } finally {
      own.forEach((id) => binding.deleteTensor(id));
    }
  };
}
