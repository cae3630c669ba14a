/**
 * A webhook receiver that keeps every request as it came and checks the signature in one of the two
 * ways that receivers of the replaced server have: over the raw bytes, or over the decoded JSON,
 * sorted and encoded again. Takes messages of any format. Uses nothing of the code under test.
 */

import { createHmac } from "node:crypto";

/** How a receiver makes sure of the sender. */
export type Verification = "raw-bytes" | "decode-sort-encode";

/** A request as it arrived. */
export interface Hook {
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  /** What it was answered with; undefined while it is not. */
  status: number | undefined;
}

/** What a request is answered with; `silent` is never. */
export type HookAnswer = number | "silent" | ((hook: Hook) => number);

/** Listens on a port of 127.0.0.1. Use it with `await using`. */
export class HookReceiver implements AsyncDisposable {
  readonly secret: string;
  readonly verification: Verification;
  readonly hooks: Hook[] = [];
  /** Requests whose signature was wrong; they are answered with 401. A test expects none. */
  readonly forged: Hook[] = [];
  answer: HookAnswer = 200;
  readonly #port: number;
  #server: Bun.Server<undefined> | undefined;

  constructor(verification: Verification = "raw-bytes", secret = "contract-test-secret") {
    this.verification = verification;
    this.secret = secret;
    this.#server = this.#listen(0);
    this.#port = this.#server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api/biometric/webhook`;
  }

  /** Settings that make a server send here. */
  get settings(): Readonly<Record<string, string>> {
    return { BIOMETRIC_WEBHOOK_URL: this.url, BIOMETRIC_WEBHOOK_SECRET: this.secret };
  }

  /** What was answered with a 2xx, in order of arrival. */
  get accepted(): readonly Hook[] {
    return this.hooks.filter(({ status = 0 }) => status >= 200 && status < 300);
  }

  /** Goes away: connections are refused. */
  async down(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  /** Comes back on the same port. */
  up(): void {
    this.#server ??= this.#listen(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  #listen(port: number): Bun.Server<undefined> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: (request) => this.#receive(request),
    });
  }

  async #receive(request: Request): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const body = Buffer.from(bytes).toString("utf8");
    const hook: Hook = {
      method: request.method,
      headers: request.headers,
      body,
      status: undefined,
    };
    const wanted =
      this.verification === "raw-bytes"
        ? signatureOfBytes(bytes, this.secret)
        : signatureOfJson(body, this.secret);
    if (request.headers.get("x-webhook-signature") !== wanted) {
      this.forged.push(hook);
      return new Response("Invalid signature", { status: 401 });
    }
    this.hooks.push(hook);
    const status = typeof this.answer === "function" ? this.answer(hook) : this.answer;
    if (status === "silent") return new Promise<Response>(() => undefined);
    hook.status = status;
    const told = status === 204 ? null : `{"received":true,"status":${status}}`;
    return new Response(told, { status, headers: { location: "/elsewhere" } });
  }
}

/** Hexadecimal HMAC-SHA256 over the bytes as they came. */
export function signatureOfBytes(bytes: Uint8Array | string, secret: string): string {
  return createHmac("sha256", secret).update(bytes).digest("hex");
}

/**
 * What a receiver computes that decodes the body, sorts all keys and encodes it as Python's
 * `json.dumps(payload, sort_keys=True)` does: contract 4.1.
 */
export function signatureOfJson(body: string, secret: string): string {
  const encoder = new SortedEncoder();
  encoder.write(JSON.parse(body));
  return signatureOfBytes(encoder.text, secret);
}

class SortedEncoder {
  text = "";

  write(value: unknown): void {
    if (value === null) this.text += "null";
    else if (typeof value === "string") this.text += quoted(value);
    else if (typeof value !== "object") this.text += String(value);
    else if (Array.isArray(value)) this.#list(value);
    else this.#object(new Map(Object.entries(value)));
  }

  #list(elements: readonly unknown[]): void {
    this.text += "[";
    for (const [index, element] of elements.entries()) {
      if (index > 0) this.text += ", ";
      this.write(element);
    }
    this.text += "]";
  }

  #object(fields: ReadonlyMap<string, unknown>): void {
    this.text += "{";
    for (const [index, name] of [...fields.keys()].sort().entries()) {
      if (index > 0) this.text += ", ";
      this.text += `${quoted(name)}: `;
      this.write(fields.get(name));
    }
    this.text += "}";
  }
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

function quoted(value: string): string {
  let result = '"';
  for (let index = 0; index < value.length; index += 1) {
    const unit = value[index] ?? "";
    const code = value.charCodeAt(index);
    const spelled = `\\u${code.toString(16).padStart(4, "0")}`;
    result += SHORT_ESCAPES[unit] ?? (code >= 0x20 && code <= 0x7e ? unit : spelled);
  }
  return `${result}"`;
}
