/**
 * Finds the word that was probably meant. Pure.
 */

/** The word at most a quarter of its letters away (insert, drop, replace), the nearest first. */
export function nearestWord(written: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, distance: editDistance(written.toUpperCase(), word.toUpperCase()) }))
    .filter(({ word, distance }) => distance <= Math.max(1, Math.floor(word.length / 4)))
    .sort((left, right) => left.distance - right.distance);
  return best?.word;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...left].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...right].entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      const dropped = (above[column + 1] ?? 0) + 1;
      const inserted = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, dropped, inserted));
    }
    above = current;
  }
  return above[right.length] ?? 0;
}
