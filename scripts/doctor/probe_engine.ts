/** For doctor.ts: loads one engine in a process of its own and prints what it is as one line of JSON. */
const start = performance.now();
try {
  const { loadEngine } = await import("../../lib/engine.ts"); // reading the code is part of the start
  const { name, description, check } = await loadEngine({ engine: Deno.args[0] });
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ name, description, check, seconds }));
  Deno.exit(0); // native threads would keep the process
} catch (error) {
  console.log(JSON.stringify({ error: (error as Error).message }));
  Deno.exit(1);
}
