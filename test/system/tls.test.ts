/**
 * Aim: with a certificate the executable serves the API by HTTPS alone, and takes punches of
 * terminals that speak TLS on a port of their own, as durably as all others.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { connect } from "node:tls";
import { findFreePort, RunningServer } from "../support/running-server.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const FIXTURES = join(import.meta.dir, "../fixtures/tls");
const FILES = {
  TLS_CERT_FILE: join(FIXTURES, "certificate.pem"),
  TLS_KEY_FILE: join(FIXTURES, "key.pem"),
};
const UNVERIFIED = { tls: { rejectUnauthorized: false } };

/** One punch as an M50 sends it, by TLS 1.0; the whole answer. */
function sendByOldTls(port: number, request: Uint8Array | string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: false,
    minVersion: "TLSv1",
    maxVersion: "TLSv1",
  });
  let answer = "";
  socket.on("secureConnect", () => socket.write(request));
  socket.on("data", (chunk: Uint8Array) => {
    answer += Buffer.from(chunk).toString("latin1");
  });
  socket.on("error", reject);
  socket.on("close", () => resolve(answer));
  return promise;
}

test("HTTPS for the API, TLS 1.0 for terminals, and the plain port beside it", async () => {
  const tlsPort = findFreePort();
  await using server = new RunningServer({
    settings: { ...FILES, SERVER_TLS_PORT: String(tlsPort), DEVICE_ENROLLMENT: "open" },
  });
  await server.startUnready();
  expect(server.printed).toContain(`port ${server.terminalPort}, with TLS port ${tlsPort}\n`);
  expect(server.printed).toContain(`API:       https://127.0.0.1:${server.webPort} `);

  const punch = (second: number) =>
    punchRequest({ device: "M50A", user: "27", wallTime: `2026030208150${second}` });
  expect(await sendByOldTls(tlsPort, punch(1))).toBe(ACKNOWLEDGEMENT);
  await server.kill();
  await server.startUnready();
  expect(await sendByOldTls(tlsPort, punch(1))).toBe(ACKNOWLEDGEMENT);
  expect(await sendWhole(server.terminalPort, punch(2))).toBe(ACKNOWLEDGEMENT);

  const url = `https://127.0.0.1:${server.webPort}`;
  const login = await fetch(`${url}/api/auth/token`, {
    ...UNVERIFIED,
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      client_id: "hris_system",
      client_secret: server.secret("hris-api-secret-key"),
    }),
  });
  const { token }: { readonly token: string } = JSON.parse(await login.text());
  const headers = { Authorization: `Bearer ${token}` };
  const feed = await fetch(`${url}/v1/punches`, { ...UNVERIFIED, headers });
  const page: { readonly punches: readonly { readonly wall_time: string }[] } = JSON.parse(
    await feed.text(),
  );
  expect(page.punches.map(({ wall_time }) => wall_time)).toEqual([
    "20260302081501",
    "20260302081502",
  ]);
  await expect(fetch(`http://127.0.0.1:${server.webPort}/healthz`)).rejects.toThrow();
  expect(await server.stop()).toBe(0);
});

test("refuses a key that is not the certificate's, before it makes anything", async () => {
  await using server = new RunningServer({
    settings: { ...FILES, TLS_KEY_FILE: FILES.TLS_CERT_FILE },
  });
  const { exitCode, error } = await server.run("serve");
  expect(exitCode).toBe(78);
  expect(error).toContain(`Cannot use "${FILES.TLS_CERT_FILE}" of TLS_KEY_FILE: `);
});
