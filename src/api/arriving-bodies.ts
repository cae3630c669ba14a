/** Receives the bodies of requests within limits, and knows how many of them are not here yet. */

import { ApiFailure, bodyTooLarge, tooManyOpen } from "./errors.ts";

/** All bodies together that are arriving; of one that would exceed it the request is refused. */
const BYTES_HELD_MAX = 64 * 1024 * 1024;
/** What a client may still send of a body that is refused, so that it hears why. */
const BYTES_UNREAD_MAX = 64 * 1024 * 1024;

/** Counts the requests that wait for nothing but their clients, and what they sent so far. */
export class ArrivingBodies {
  #count = 0;
  #bytesHeld = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * The whole body, of at most `bytesMax` bytes. Waits for the client, as long as the port allows.
   * @throws ApiFailure `body-too-large`, `body-malformed` when the client goes in the middle, and
   * `too-many-open` when the bodies of others leave no room.
   */
  async read(request: Request, bytesMax: number): Promise<Uint8Array> {
    const declared = Number(request.headers.get("content-length") ?? 0);
    if (declared > bytesMax) {
      throw bodyTooLarge(bytesMax, { closing: declared > BYTES_UNREAD_MAX });
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    this.#count += 1;
    try {
      for await (const chunk of chunksOf(request)) {
        bytes += chunk.length;
        this.#bytesHeld += chunk.length;
        // Nobody can tell how much more would come of a body without a declared length.
        if (bytes > bytesMax) throw bodyTooLarge(bytesMax, { closing: true });
        if (this.#bytesHeld > BYTES_HELD_MAX) throw tooManyOpen();
        chunks.push(chunk);
      }
    } finally {
      this.#count -= 1;
      this.#bytesHeld -= bytes;
    }
    return Buffer.concat(chunks, bytes);
  }
}

/** The body as it comes; the sender is slowed down while nobody asks for the next chunk. */
async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(endedEarly);
      if (done) return;
      yield value;
    }
  } finally {
    // What still comes is thrown away by the port.
    reader.cancel().catch(() => undefined);
  }
}

function endedEarly(): never {
  throw new ApiFailure("body-malformed", "The body ended before it was whole");
}
