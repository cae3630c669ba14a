/** Random text that nobody can guess, as hexadecimal digits. */

const SECRET_BYTES = 32;
const NAME_BYTES = 8;

/** A new secret: 64 digits. */
export function newSecret(): string {
  return randomDigits(SECRET_BYTES);
}

/** A name that no other box gives, also not a copy of this one: 16 digits. */
export function newUniqueName(): string {
  return randomDigits(NAME_BYTES);
}

function randomDigits(byteCount: number): string {
  return crypto.getRandomValues(new Uint8Array(byteCount)).toHex();
}
