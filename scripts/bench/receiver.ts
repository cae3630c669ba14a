/** A receiver of webhooks that answers at once: 503 until it is well, then 200. */

/** Counts what it took. */
export class Receiver {
  isWell = false;
  /** Of what it took. */
  readonly eventIds = new Set<string>();
  /** Those of them that tell of no filled terminal. */
  liveCount = 0;
  /** When it took the first and the last. */
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = 0;
  readonly #filledDevices: string | undefined;
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => this.#take(request),
  });

  /** `filledDevices`: what the ids of terminals begin with whose messages waited from the start. */
  constructor(filledDevices?: string) {
    this.#filledDevices = filledDevices;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/hook`;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  async #take(request: Request): Promise<Response> {
    const body = await request.text();
    if (!this.isWell) return new Response("away", { status: 503 });
    const id = request.headers.get("webhook-id") ?? "";
    const isLive = !body.includes(`"device_id": "${this.#filledDevices}`);
    if (isLive && !this.eventIds.has(id)) this.liveCount += 1;
    this.eventIds.add(id);
    this.lastMs = performance.now();
    this.firstMs = Math.min(this.firstMs, this.lastMs);
    return new Response("ok");
  }
}
