/**
 * Secrets that stand in public documents: samples and test vectors of this server and of the one that
 * it replaces. Whoever read those knows them. Kept as hashes, so that this file publishes none.
 */

/** SHA-256 of the UTF-8 text, as hexadecimal digits. */
const PUBLISHED_SHA256: ReadonlySet<string> = new Set([
  "271a413bd339c5709fdceaec41f14f11e9fbfb5042d72d331c65f32b284cd09a",
  "3eb2d9dba56c30bca5f365e4f44943a2fb2709f68c785638143c7e01342854d9",
  "4c76e8adb49d4fd3bf9f386b77c25f92bbc0f0174d947fda15bb156f5116a15f",
  "bb9b74d1c18b87ccebb9038b419f29450b429441ce11201a05341dea1446819b",
  "d346a67b600ac0fd42bb0e493dcdf25241ef6e5aecda6c68bd67b10c54dca50b",
]);

/** Whether a secret is one of them. */
export function isPublishedSecret(secret: string): boolean {
  return PUBLISHED_SHA256.has(new Bun.CryptoHasher("sha256").update(secret).digest("hex"));
}
