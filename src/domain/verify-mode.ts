/**
 * Verification codes in the words of the replaced server's REST answers and webhooks. It knows that
 * server's one table and no vendor's code library.
 */

/** contract.md 5, "Verify modes". */
const VERIFY_MODE_LABELS: ReadonlyMap<number, string> = new Map([
  [1, "Fingerprint"],
  [2, "Password"],
  [3, "ID Card"],
  [4, "FP + Password"],
  [5, "FP + ID Card"],
  [6, "Password + FP"],
  [7, "ID Card + FP"],
  [20, "Face"],
  [21, "Face + ID Card"],
  [22, "Face + Password"],
  [23, "ID Card + Face"],
  [24, "Password + Face"],
]);

/**
 * A code as the number the contract shows: its value when it is all digits and exact as a number,
 * else 0. Packed 32-bit codes are unsigned. The code as sent stays beside it in the punch.
 */
export function verifyModeNumber(code: string | undefined): number {
  if (code === undefined || !/^\d+$/.test(code)) return 0;
  const value = Number(code);
  return Number.isSafeInteger(value) ? value : 0;
}

/** What the contract calls a code; `Unknown (<n>)` for every number outside its table. */
export function verifyModeLabel(number: number): string {
  return VERIFY_MODE_LABELS.get(number) ?? `Unknown (${number})`;
}
