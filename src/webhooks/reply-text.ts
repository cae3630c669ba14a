/**
 * What a receiver answered, as text that may be kept and shown. A receiver may echo what it got, and
 * an error page of a framework shows its own settings, so what is secret comes out as stars.
 */

/** What must not be shown of an endpoint. */
export interface ReplySecrets {
  /** Of the endpoint; user, password and query may be secret. */
  readonly url: string;
  /** What signs, and what has signed. */
  readonly secrets: readonly string[];
}

/** Gives the text of an answer's first bytes, masked. */
export function openReplyReader(hidden: ReplySecrets): (head: readonly Uint8Array[]) => string {
  const words = wordsOf(hidden);
  return (head) => {
    if (head.length === 0) return "";
    const text = new TextDecoder().decode(Buffer.concat(head));
    // As many stars, so that nothing from behind what was read at all moves to the front.
    return words.reduce((masked, word) => masked.replaceAll(word, "*".repeat(word.length)), text);
  };
}

/** The beginning of a text, at most `bytesMax` bytes of whole characters in UTF-8. */
export function cutText(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  // The second and later bytes of a character are 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function wordsOf({ url, secrets }: ReplySecrets): readonly string[] {
  const { username, password, search } = new URL(url);
  const words = [...secrets, password, unescaped(password), search.slice(1)];
  if (password !== "") {
    const pair = `${unescaped(username)}:${unescaped(password)}`;
    words.push(Buffer.from(pair).toString("base64"));
  }
  return words.filter((word) => word !== "");
}

/** Without its percent signs; where these are no escapes, as it is. */
function unescaped(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll("+", "%2B")}`).get("text") ?? text;
}
