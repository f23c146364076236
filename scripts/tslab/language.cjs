/** Adds to Node 20 what Node 21 brought and the library uses; language.d.ts declares it. */

Map.groupBy ??= function groupBy(items, keyOf) {
  const groups = new Map();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
};

Object.groupBy ??= function groupBy(items, keyOf) {
  return Object.setPrototypeOf(Object.fromEntries(Map.groupBy(items, keyOf)), null);
};
