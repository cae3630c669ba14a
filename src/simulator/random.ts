/**
 * Numbers that look random and depend on their arguments alone, so that a run with the same seed is
 * the same run, whatever is asked for first. Not for secrets.
 */

/** A number of at least 0 and below 1 for these whole numbers. */
export function randomAt(...keys: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const key of keys) {
    hash = Math.imul(hash ^ key, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}

/** `count` bytes for these whole numbers. */
export function randomBytesAt(count: number, ...keys: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) =>
    Math.floor(randomAt(...keys, index) * 256),
  );
}

/** Of the whole numbers below `of`, `count` different ones, as a set. */
export function chooseAt(count: number, of: number, ...keys: readonly number[]): Set<number> {
  const shuffled = Array.from({ length: of }, (_, index) => ({
    index,
    rank: randomAt(...keys, index),
  }));
  shuffled.sort((left, right) => left.rank - right.rank);
  return new Set(shuffled.slice(0, count).map(({ index }) => index));
}
