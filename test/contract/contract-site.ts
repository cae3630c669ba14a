/**
 * A site as the replaced server knew it, for walking through the contract's tables: the built
 * executable with known settings, requests to it in full control of the client, and terminals that
 * send known punches. Knows nothing of the code under test.
 */

import { expect } from "bun:test";
import { framed, post } from "../devices/fkweb/requests.ts";
import { RunningServer, type Settings } from "../support/running-server.ts";
import { ACKNOWLEDGEMENT, sendWhole } from "../system/terminal-socket.ts";
import { findMismatches, type Shape } from "./shape.ts";

export const SECRET = "contract-client-secret";
export const PRIMARY = "2401058352";
export const SECONDARY = "2401058350";
/** Of the site: Manila, which knows no summer time. */
export const SITE_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

/** How a request is sent; without `token` the site's own token goes along. */
export interface CallOptions {
  /** In place of the site's token; null for none. */
  readonly token?: string | null;
  /** Sent as JSON, with the content type of JSON. */
  readonly json?: unknown;
  /** Sent as it is, with no content type but that of `headers`. */
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A request, and what the contract says of its answer. */
export interface Row {
  readonly what: string;
  /** Method and path. */
  readonly ask: string;
  readonly with?: CallOptions;
  readonly status: number;
  /** Of the JSON body. */
  readonly shape: Shape;
  /** Headers of the answer, names in lower case. */
  readonly headers?: Readonly<Record<string, RegExp>>;
}

/** A punch as the terminal says it. */
export interface TerminalPunch {
  readonly device: string;
  readonly user: string;
  /** 14 digits, local to the site. */
  readonly time: string;
  /** The terminal's code of the method; 1 is a fingerprint. */
  readonly verify?: number;
}

/** Errors of the replaced server, all but those of `manual-log` and the webhook endpoints. */
export function refusal(error: string, message: Shape): Shape {
  return { error, message };
}

/** A started server and its client. Use it with `await using`. */
export class Site implements AsyncDisposable {
  readonly server: RunningServer;
  #token: string | undefined;

  constructor(server: RunningServer) {
    this.server = server;
  }

  /** Starts a server with the settings that the tables suppose, and `change` on top. */
  static async open(change: Settings = {}): Promise<Site> {
    const settings = {
      HRIS_API_SECRET_KEY: SECRET,
      PRIMARY_DEVICE_ID: PRIMARY,
      DEVICE_ENROLLMENT: "open",
      DEVICE_HISTORY_DAYS: "3660",
      ...change,
    };
    const site = new Site(new RunningServer({ settings }));
    try {
      await site.server.start();
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A token of the documented HRIS client, asked for once. */
  async token(): Promise<string> {
    this.#token ??= await this.requestToken("hris_system", SECRET);
    return this.#token;
  }

  /** @throws Error when it is refused. */
  async requestToken(client: string, secret: string): Promise<string> {
    const answer = await this.call("POST /api/auth/token", {
      token: null,
      json: { client_id: client, client_secret: secret },
    });
    if (answer.status !== 200) throw new Error(`No token: ${answer.status} ${answer.text}`);
    return readJson<{ token: string }>(answer).token;
  }

  /** One request; `ask` is method and path. Redirects are not followed. */
  async call(ask: string, options: CallOptions = {}): Promise<Answer> {
    const [method = "", path = ""] = ask.split(" ", 2);
    const token = options.token === undefined ? await this.token() : options.token;
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const response = await fetch(`${this.server.webUrl}${path}`, {
      method,
      redirect: "manual",
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(options.json === undefined ? {} : { "Content-Type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** The JSON of a GET that is answered with 200. @throws Error when it is not. */
  async read<Body>(path: string): Promise<Body> {
    const answer = await this.call(`GET ${path}`);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return readJson<Body>(answer);
  }

  /** Sends punches one after another, each acknowledged. */
  async punch(...punches: readonly TerminalPunch[]): Promise<void> {
    for (const punch of punches) expect(await this.sendPunch(punch)).toBe(ACKNOWLEDGEMENT);
  }

  /** Sends a punch. Gives the bytes that the terminal hears. */
  async sendPunch({ device, user, time, verify = 1 }: TerminalPunch): Promise<string> {
    const json =
      `{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"${time}","log_image":null,` +
      `"user_id":"${user}","verify_mode":${verify}}`;
    return this.sendRequest({ dev_id: device }, json);
  }

  /** Sends any request of a terminal. Gives the bytes that the terminal hears. */
  async sendRequest(headers: Readonly<Record<string, string>>, json: string): Promise<string> {
    return sendWhole(this.server.terminalPort, post(framed(json), headers));
  }

  /** A terminal's question whether there is anything to do. */
  async poll(device: string): Promise<string> {
    return this.sendRequest(
      { dev_id: device, request_code: "receive_cmd", trans_id: "ReceiveCommandAction" },
      '{"fk_name":"","fk_time":"20260302081504"}',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Asks as the row says, and compares. */
export async function expectRow(site: Site, row: Row): Promise<Answer> {
  const answer = await site.call(row.ask, row.with);
  const expectedHeaders = Object.entries(row.headers ?? {});
  const found = {
    status: answer.status,
    mismatches: mismatchesOfBody(answer, row.shape),
    headers: expectedHeaders.filter(([name, form]) => !form.test(answer.headers.get(name) ?? "")),
  };
  const shown = found.status === row.status ? "" : answer.text.slice(0, 500);
  expect({ ...found, shown }).toEqual({
    status: row.status,
    mismatches: [],
    headers: [],
    shown: "",
  });
  return answer;
}

/** The body of an answer as its JSON; what it is, is for a shape to say. */
export function readJson<Body>({ text }: Answer): Body {
  return JSON.parse(text);
}

/** Compares a value, such as a part of an answer, with a shape. */
export function expectShape(value: unknown, shape: Shape): void {
  expect(findMismatches(value, shape)).toEqual([]);
}

/** The day of the site at an instant, `YYYY-MM-DD`. */
export function siteDay(atMs: number = Date.now()): string {
  return new Date(atMs + SITE_OFFSET_MS).toISOString().slice(0, 10);
}

/** The site's time of an instant as a terminal says it: 14 digits. */
export function siteWallTime(atMs: number = Date.now()): string {
  const iso = new Date(atMs + SITE_OFFSET_MS).toISOString();
  return iso.slice(0, 19).replace(/\D/g, "");
}

/** 14 digits as `YYYY-MM-DD HH:MM:SS`. */
export function spelled(time: string): string {
  return time.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3 $4:$5:$6");
}

/** Waits, if the site's day is about to end, until it has: what counts "today" then means one day. */
export async function awayFromMidnight(): Promise<void> {
  const restMs = DAY_MS - ((Date.now() + SITE_OFFSET_MS) % DAY_MS);
  if (restMs < 30_000) await Bun.sleep(restMs + 1000);
}

function mismatchesOfBody({ headers, text }: Answer, shape: Shape): readonly string[] {
  const type = headers.get("content-type") ?? "none";
  if (!/^application\/(problem\+)?json\b/.test(type)) return [`content-type is ${type}, not JSON`];
  return findMismatches(JSON.parse(text), shape);
}
