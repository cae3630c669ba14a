/** Entity tags of answers (RFC 9110 8.8.3): whether a client has what it would get. */

/** Whether an `If-None-Match` names the tag, also where something on the way made it weak. */
export function hasTag(header: string | null, etag: string): boolean {
  return (header ?? "").split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

/** The tag of an answer's whole text. */
export function tagOf(text: string): string {
  return `"${new Bun.CryptoHasher("sha256").update(text).digest("base64url")}"`;
}
