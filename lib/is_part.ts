/** Whether items first … first + count − 1, at least one, are among so many. */
export function isPart(first: number, count: number, total: number): boolean {
  return Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 1 &&
    first + count <= total;
}
