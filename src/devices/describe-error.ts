/** An error of our own code in a few words, with nothing of what a terminal sent but a short quote. */

/** How much of an error's text is logged and kept: it may quote what a terminal sent. */
const ERROR_TEXT_CHARACTERS_MAX = 200;

/** What went wrong. */
export function describeError(error: unknown): string {
  return String(error).slice(0, ERROR_TEXT_CHARACTERS_MAX);
}

/** The first frame of a stack: enough to find the bug, without the bytes that set it off. */
export function findOrigin(error: unknown): string | undefined {
  return error instanceof Error ? error.stack?.match(/^\s*at (.+)$/m)?.[1] : undefined;
}
