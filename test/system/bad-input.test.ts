/**
 * Aim: whatever comes to the web port, the executable answers with a documented status and a clear
 * JSON message, never with a failure of its own, and a refused request changes nothing.
 * `BAD_INPUT_RUNS` asks for more requests, `BAD_INPUT_SEED` for those of an earlier run.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { type ApiOperation, type OddRequest, oddRequest, sendOdd } from "./odd-requests.ts";
import { StoredState } from "./stored-state.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(600_000);

const RUNS = Number(process.env.BAD_INPUT_RUNS ?? 300);
const SEED = Number(process.env.BAD_INPUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Words that only come out of the inside. */
const INSIDE = /\.ts\b|node_modules|\$bunfs|TypeError|SyntaxError|SQLITE|stack|undefined is not/;

let server: RunningServer;
let operations: readonly ApiOperation[];
let state: StoredState;

beforeAll(async () => {
  server = await startServer();
  for (const [index, device] of ["2401058352", "GATE1", "GATE2"].entries()) {
    const punch = { device, user: String(index + 1), wallTime: "20260302081504" };
    expect(await sendWhole(server.terminalPort, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
  }
  operations = await readOperations();
  state = new StoredState(server.dataDir);
});

afterAll(async () => {
  state[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

describe("bad input at the web port of the executable", () => {
  test("every operation of the document is asked", () => {
    expect(operations.length).toBeGreaterThan(8);
    expect(operations.map(({ path }) => path)).toContain("/api/biometric/logs");
  });

  test(`is refused as documented, and changes nothing (${RUNS} requests, seed ${SEED})`, async () => {
    const token = await server.token();
    const request = fc.constantFrom(...operations).chain(oddRequest);
    const holds = fc.asyncProperty(request, async (odd) => {
      state.remember();
      const answer = await sendOdd(server.webUrl, odd, token);
      expect(problemsOf(odd, answer)).toEqual([]);
    });
    await fc.assert(holds, { numRuns: RUNS, seed: SEED, endOnFailure: true, verbose: 1 });
    // Still there, and not one request has tripped it.
    expect(server.logLines("api.failed")).toEqual([]);
    expect((await server.get("/api/biometric/logs")).status).toBe(200);
  });

  test("bodies of 10 MB are refused in JSON, at every operation that takes one", async () => {
    const token = await server.token();
    const sizes = operations.filter(({ method }) => method !== "get");
    for (const operation of sizes) {
      for (const contentType of ["application/json", "text/plain"]) {
        const odd: OddRequest = {
          operation,
          path: operation.path.replaceAll(/\{\w+\}/g, "GATE1"),
          query: [],
          body: Buffer.alloc(10 * 1024 * 1024, "[1,"),
          contentType,
          authorization: "valid",
        };
        state.remember();
        const answer = await sendOdd(server.webUrl, odd, token);
        expect([operation.path, problemsOf(odd, answer)]).toEqual([operation.path, []]);
        // What takes no body at all lets it pass, or has nothing to do any more.
        if (answer.status >= 300) expect([400, 404, 413, 415, 429]).toContain(answer.status);
      }
    }
    expect(server.logLines("api.failed")).toEqual([]);
  });
});

/** Everything that is wrong with an answer; empty when nothing is. */
function problemsOf(
  odd: OddRequest,
  answer: { readonly status: number; readonly headers: Headers; readonly text: string },
): readonly string[] {
  const { status, headers, text } = answer;
  const problems: string[] = [];
  const documented = odd.operation.statuses;
  // A path parameter may make another path of it, and any body may be too large.
  const isKnown = documented.includes(status) || [404, 405, 413].includes(status);
  if (!isKnown) problems.push(`${status} is not documented: ${text.slice(0, 300)}`);
  if (status >= 500 && !(status === 503 && documented.includes(503))) problems.push(`${status}`);
  if (headers.get("x-content-type-options") !== "nosniff") problems.push("may be sniffed");
  if (status < 400) return problems;
  if (INSIDE.test(text)) problems.push(`tells of the inside: ${text.slice(0, 300)}`);
  if (!/^application\/(problem\+)?json/.test(headers.get("content-type") ?? "")) {
    problems.push(`${headers.get("content-type")} is not JSON`);
  } else if (!hasMessage(text)) problems.push(`no clear message: ${text.slice(0, 300)}`);
  problems.push(...state.changes().map((change) => `${status}, but ${change}`));
  return problems;
}

/** Problem details under `/v1/`, else the replaced server's shapes. */
function hasMessage(text: string): boolean {
  const body: { error?: unknown; message?: unknown; title?: unknown; detail?: unknown } =
    JSON.parse(text);
  const said = [body.error, body.message, body.title, body.detail];
  const words = said.filter((word) => typeof word === "string" && word.length > 3);
  return words.length > 0 && (typeof body.error === "string" || typeof body.detail === "string");
}

async function readOperations(): Promise<readonly ApiOperation[]> {
  const response = await fetch(`${server.webUrl}/swagger/json`);
  const document: {
    paths: Record<
      string,
      Record<string, { parameters?: { name: string; in: string }[]; responses: object }>
    >;
  } = JSON.parse(await response.text());
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], responses }]) => ({
      method,
      path,
      parameters: parameters.filter((one) => one.in === "query").map(({ name }) => name),
      statuses: Object.keys(responses).map(Number),
    })),
  );
}
