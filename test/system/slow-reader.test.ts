/**
 * Aim: clients that ask for all logs, or the whole feed, and hardly read them cost nobody anything:
 * terminals are served, the write-ahead log is emptied, and they get every record of the beginning in
 * the end.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { TcpPeer } from "../devices/tcp-peer.ts";
import { startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(120_000);

/** An answer of so many records is larger than what the system keeps for a client. */
const PUNCHES = 40_000;
/** Sent beside the reading: without a checkpoint they fill far more of the log. */
const PUNCHES_BESIDE = 10_000;
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const TERMINALS = 20;

test("punches are stored and the log stays short beside clients that do not read", async () => {
  await using server = await startServer();
  const send = (punches: number, start: string) => {
    const fleet = ["--terminals", String(TERMINALS), "--keep-alive", "--start", start];
    return simulate(server, ...fleet, "--punches", String(punches / TERMINALS));
  };
  expect(await send(PUNCHES, "20260301080000")).toMatchObject({ acknowledged: PUNCHES });
  const ask = async (path: string): Promise<TcpPeer> => {
    const client = await TcpPeer.connect(server.webPort, "127.0.0.1", true);
    const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
    client.send(`${head}Authorization: Bearer ${await server.token()}\r\n\r\n`);
    return client;
  };
  const logs = await ask("/api/biometric/logs");
  const rows = await ask("/v1/punches?format=ndjson");

  const log = join(server.dataDir, "biometric.db-wal");
  let logBytes = 0;
  const sampling = setInterval(() => {
    logBytes = Math.max(logBytes, statSync(log).size);
  }, 10);
  const beside = await send(PUNCHES_BESIDE, "20260305080000");
  clearInterval(sampling);
  expect(beside).toMatchObject({ acknowledged: PUNCHES_BESIDE, unacknowledged: 0 });
  expect(logBytes).toBeGreaterThan(0);
  expect(logBytes).toBeLessThan(LOG_BYTES_MAX);

  const [logText, rowText] = await Promise.all([readBody(logs), readBody(rows)]);
  const answer: { total: number; returned: number; logs: { id: number }[] } = JSON.parse(logText);
  expect([answer.total, answer.returned, answer.logs.length]).toEqual([PUNCHES, PUNCHES, PUNCHES]);
  expect(new Set(answer.logs.map(({ id }) => id)).size).toBe(PUNCHES);

  const feed: { id: number; cursor: string }[] = rowText
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  const ids = new Set(feed.map(({ id }) => id));
  expect(ids.size).toBeGreaterThanOrEqual(PUNCHES);
  const rest = await server.get(`/v1/punches?format=ndjson&after=${feed.at(-1)?.cursor}`);
  for (const line of (await rest.text()).split("\n").slice(0, -1)) ids.add(JSON.parse(line).id);
  expect(ids.size).toBe(PUNCHES + PUNCHES_BESIDE);
});

async function readBody(client: TcpPeer): Promise<string> {
  client.resume();
  const [, body = ""] = (await client.receiveAll()).split(/\r\n\r\n(.*)/s);
  return joinChunks(body);
}

/** The content of a body in the chunked coding. */
function joinChunks(body: string): string {
  const chunks: string[] = [];
  for (let at = 0; ; ) {
    const headEnd = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.slice(at, headEnd), 16);
    if (!(length > 0)) return chunks.join("");
    chunks.push(body.slice(headEnd + 2, headEnd + 2 + length));
    at = headEnd + 2 + length + 2;
  }
}
