/** Reads the bodies of requests, and knows how many of them are not here yet. */

/** Counts the requests that wait for nothing but their clients. */
export class ArrivingBodies {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The whole body as text. Waits for the client, as long as the port allows. */
  async read(request: Request): Promise<string> {
    this.#count += 1;
    try {
      return await request.text();
    } finally {
      this.#count -= 1;
    }
  }
}
