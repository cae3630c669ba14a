/** Receivers of webhooks on loopback that speak TLS, with the certificates of the fixtures. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const TLS = join(import.meta.dir, "../../fixtures/tls");

/** Where a fixture's certificate is, which is its own authority. */
export function certificatePath(name: "certificate" | "expired"): string {
  return join(TLS, `${name}.pem`);
}

/** A receiver that shows it. Use it with `await using`. */
export class TlsReceiver implements AsyncDisposable {
  readonly port: number;
  readonly #server: Bun.Server<undefined>;

  constructor(certificate: "certificate" | "expired", hostname = "127.0.0.1") {
    const read = (path: string) => readFileSync(path, "utf8");
    const tls = { cert: read(certificatePath(certificate)), key: read(join(TLS, "key.pem")) };
    this.#server = Bun.serve({ hostname, port: 0, tls, fetch: () => new Response() });
    this.port = this.#server.port ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}
