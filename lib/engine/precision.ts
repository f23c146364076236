/** In what precision convolutions multiply. */
export const PRECISIONS = ["float32", "bfloat16"] as const;

/**
 * `bfloat16` keeps 8 bits of each factor, the exponent of float32, and adds up in float32. Weights, statistics, sums and
 * everything between convolutions stay in float32.
 */
export type Precision = typeof PRECISIONS[number];
