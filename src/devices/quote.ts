/**
 * Text from terminals inside our own sentences: the `detail` of a violation, the `reason` of an
 * unreadable request.
 */

const QUOTED_LENGTH_MAX = 64;

/** `text` in double quotes, escaped, and cut to its first 64 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_LENGTH_MAX));
}
