/**
 * Finds where a JSON object ends that comes without a length, in pieces of any size: by its braces,
 * which do not count inside strings. Whether it is JSON at all is not its question.
 */

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads one object, from its opening brace on. */
export class ObjectScanner {
  readonly #characters = new CharacterRun();
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /**
   * Takes the next bytes. Returns how many of them belong to the object once they hold its end,
   * `undefined` before; then it is done.
   */
  findEnd(bytes: Uint8Array): number | undefined {
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] ?? 0;
      if (this.#isInString) {
        this.#readString(byte);
      } else if (byte === QUOTE) {
        this.#isInString = true;
      } else if (byte === OPENING_BRACE) {
        this.#depth += 1;
      } else if (byte === CLOSING_BRACE) {
        this.#depth -= 1;
        if (this.#depth === 0) return index + 1;
      }
    }
    return undefined;
  }

  #readString(byte: number): void {
    const isHalf = this.#characters.endsInside(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = !isHalf;
    else if (byte === QUOTE) this.#isInString = false;
  }
}

/**
 * A row of bytes above ASCII. Terminals are said to write UTF-8, in which none belongs to the ASCII
 * byte behind it; where the row is not that, it is taken for GBK, whose characters have two bytes
 * and may end in the byte of a backslash.
 */
class CharacterRun {
  #length = 0;
  #isUtf8 = true;
  /** Bytes that the current UTF-8 character lacks. */
  #missing = 0;

  /** Takes the next byte; returns whether it is the second half of a GBK character. */
  endsInside(byte: number): boolean {
    if (byte >= 0x80) {
      this.#add(byte);
      return false;
    }
    const isUtf8 = this.#isUtf8 && this.#missing === 0;
    const isHalf = !isUtf8 && this.#length % 2 === 1;
    this.#length = 0;
    this.#isUtf8 = true;
    this.#missing = 0;
    return isHalf;
  }

  #add(byte: number): void {
    this.#length += 1;
    if (this.#missing > 0) {
      this.#missing -= 1;
      this.#isUtf8 &&= byte < 0xc0;
    } else if (byte >= 0xc2 && byte < 0xf5) {
      this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    } else {
      this.#isUtf8 = false;
    }
  }
}
