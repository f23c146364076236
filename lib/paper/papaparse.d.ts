/** What is used of papaparse, which carries no types. */
declare const Papa: {
  parse(
    text: string,
    options: { readonly header: true; readonly skipEmptyLines: true },
  ): {
    readonly data: readonly Readonly<Record<string, string>>[];
    /** `row` counts data lines from 0. */
    readonly errors: readonly { readonly message: string; readonly row?: number }[];
  };
};
export default Papa;
