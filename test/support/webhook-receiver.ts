/**
 * A webhook receiver on a real port, as an HRIS would run one: it checks every signature, answers
 * as the test decides, and remembers what came in which order. Uses nothing of the code under test.
 */

import { createHmac } from "node:crypto";

/** With a status, with a whole answer, or not at all until the behaviour changes. */
type Reply = number | Response | "silent";

/** How requests are answered. A function decides for each request, and may take its time. */
export type Behaviour =
  | Exclude<Reply, Response>
  | ((webhook: ReceivedWebhook) => Reply | Promise<Reply>);

/** One element of `logs`, as far as tests look at it. */
export interface ReceivedLog {
  readonly user_id: string;
  readonly device_id: string;
  readonly timestamp: string;
  readonly direction: "IN" | "OUT";
}

/** A request as it arrived. */
export interface ReceivedWebhook {
  /** Header `webhook-id`: the same on every try of one event. */
  readonly eventId: string;
  readonly headers: Headers;
  readonly body: string;
  /** The one punch of format `logs`. */
  readonly log: ReceivedLog;
  /** Undefined until it is answered; for ever if the sender went away before. */
  status: number | undefined;
}

const WAIT_LIMIT_MS = 20_000;

/**
 * Listens on a free port of 127.0.0.1. Use it with `await using`. `secret` is what the server under
 * test is given as `BIOMETRIC_WEBHOOK_SECRET`.
 */
export class WebhookReceiver implements AsyncDisposable {
  readonly secret: string;
  /** Every request, also those not answered, in order of arrival. */
  readonly received: ReceivedWebhook[] = [];
  /** What was wrong with a request: signature, headers, form. A test expects none. */
  readonly problems: string[] = [];
  readonly #server: Bun.Server<undefined>;
  readonly #watchers = new Set<() => void>();
  #behaviour: Behaviour;
  /** Resolves when the behaviour changes. */
  #changed = Promise.withResolvers<void>();

  constructor(behaviour: Behaviour = 200, secret = "receiver-test-secret") {
    this.#behaviour = behaviour;
    this.secret = secret;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      // The default closes a request that waits for its answer.
      idleTimeout: 0,
      fetch: (request) => this.#receive(request),
    });
  }

  /** What to give as `BIOMETRIC_WEBHOOK_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/hook`;
  }

  /** Settings that make a server send here. */
  get settings(): Readonly<Record<string, string>> {
    return { BIOMETRIC_WEBHOOK_URL: this.url, BIOMETRIC_WEBHOOK_SECRET: this.secret };
  }

  /** Changes the answers; requests that wait under "silent" are answered by the new behaviour. */
  set behaviour(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Requests that were answered with a 2xx, in order of arrival, repeats included. */
  get accepted(): readonly ReceivedWebhook[] {
    return this.received.filter(({ status = 0 }) => status >= 200 && status < 300);
  }

  /** How many different events were answered with a 2xx. */
  get acceptedEventCount(): number {
    return new Set(this.accepted.map(({ eventId }) => eventId)).size;
  }

  /**
   * Resolves as soon as `condition` holds; it is asked after every arrival and every answer.
   * @throws Error that names `what` when it has not come true within 20 s.
   */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const watch = (): void => {
      if (condition()) resolve();
    };
    const counts = (): string => `${this.received.length} came, ${this.accepted.length} accepted`;
    const fail = (): void => reject(new Error(`Receiver waited in vain: ${what} (${counts()})`));
    const timer = setTimeout(fail, WAIT_LIMIT_MS);
    this.#watchers.add(watch);
    await promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(watch);
    });
  }

  /** Waits until `count` different events were answered with a 2xx. */
  async untilAccepted(count: number): Promise<void> {
    await this.until(`${count} events accepted`, () => this.acceptedEventCount >= count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #receive(request: Request): Promise<Response> {
    const body = await request.text();
    const log = readLog(body);
    if (log === undefined) {
      this.problems.push(`Body is not of format logs: ${body}`);
      return new Response("", { status: 400 });
    }
    this.problems.push(...findProblems(request, body, this.secret));
    const webhook: ReceivedWebhook = {
      eventId: request.headers.get("webhook-id") ?? "",
      headers: request.headers,
      body,
      log,
      status: undefined,
    };
    this.received.push(webhook);
    this.#notify();
    const reply = await this.#decide(webhook);
    const response = typeof reply === "number" ? new Response("", { status: reply }) : reply;
    // A sender that has gone away will never know of an answer: it has none.
    if (request.signal.aborted) return new Response("", { status: 503 });
    webhook.status = response.status;
    // The answer first, so that who waits for it finds it given.
    setImmediate(() => this.#notify());
    return response;
  }

  async #decide(webhook: ReceivedWebhook): Promise<Exclude<Reply, "silent">> {
    for (;;) {
      const { promise: changed } = this.#changed;
      const behaviour = this.#behaviour;
      const answer = typeof behaviour === "function" ? await behaviour(webhook) : behaviour;
      if (answer !== "silent") return answer;
      await changed;
    }
  }

  #notify(): void {
    for (const watch of [...this.#watchers]) watch();
  }
}

/** The one element of `logs`; undefined where there is none, or more. */
function readLog(body: string): ReceivedLog | undefined {
  try {
    const payload: { logs?: readonly ReceivedLog[] } = JSON.parse(body);
    return payload.logs?.length === 1 ? payload.logs[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Checks a request against contract.md 4.1 and the headers of Standard Webhooks. */
function findProblems(request: Request, body: string, secret: string): string[] {
  const { method, headers } = request;
  const header = (name: string): string => headers.get(name) ?? "";
  const signed = `${header("webhook-id")}.${header("webhook-timestamp")}.${body}`;
  const wanted: readonly (readonly [what: string, holds: boolean])[] = [
    ["method", method === "POST"],
    ["content-type", header("content-type") === "application/json"],
    ["user-agent", header("user-agent") === "Biometric-Server-Webhook/1.0"],
    ["x-webhook-source", header("x-webhook-source") === "biometric_server"],
    ["x-webhook-timestamp", /^\d{10}$/.test(header("x-webhook-timestamp"))],
    ["x-webhook-signature", header("x-webhook-signature") === hmac(secret, body, "hex")],
    ["canonical body", canonicalJson(JSON.parse(body)) === body],
    ["webhook-id", header("webhook-id") !== ""],
    ["webhook-timestamp", /^\d{10}$/.test(header("webhook-timestamp"))],
    ["webhook-signature", header("webhook-signature") === `v1,${hmac(secret, signed, "base64")}`],
  ];
  return wanted
    .filter(([, holds]) => !holds)
    .map(([what]) => `${what} is wrong: ${JSON.stringify([...headers])} ${body}`);
}

function hmac(secret: string, text: string, encoding: "hex" | "base64"): string {
  return createHmac("sha256", secret).update(text).digest(encoding);
}

/** `json.dumps(value, sort_keys=True)` of Python. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${fields.map(([name, field]) => `${canonicalJson(name)}: ${canonicalJson(field)}`).join(", ")}}`;
  }
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
