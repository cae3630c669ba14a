/** Aim: what is wrong with a certificate is told by its cause, from real connections. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { readCertificate } from "#cli/doctor/certificate.ts";
import { judgeCertificate } from "#cli/doctor/check-certificate.ts";
import { loadAuthorities } from "#config/ca-file.ts";
import { certificatePath, TlsReceiver } from "./tls-receiver.ts";

const NOW_MS = epochMs(Date.UTC(2026, 2, 2));
const DAY_MS = 86_400_000;

/** `known`: whose certificate is an authority here. */
async function judged(
  port: number,
  { host = "127.0.0.1", known }: { host?: string; known?: "certificate" | "expired" } = {},
) {
  const authorities = await loadAuthorities(known && certificatePath(known));
  const view = await readCertificate({ host, port, authorities, limitMs: 5_000 });
  return judgeCertificate(view, { host, port, nowMs: NOW_MS });
}

describe("judgeCertificate()", () => {
  test("takes a certificate that a known authority signed for the name", async () => {
    await using receiver = new TlsReceiver("certificate");
    expect(await judged(receiver.port, { known: "certificate" })).toMatchObject({ state: "ok" });
  });

  test("names one that nobody known has signed", async () => {
    await using receiver = new TlsReceiver("certificate");
    expect(await judged(receiver.port)).toMatchObject({
      state: "fault",
      found: expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT"),
      fix: expect.stringContaining("BIOMETRIC_WEBHOOK_CA_FILE"),
    });
  });

  test("names one that has expired", async () => {
    await using receiver = new TlsReceiver("expired");
    expect(await judged(receiver.port, { known: "expired" })).toMatchObject({
      state: "fault",
      found: expect.stringContaining("its certificate expired 5 years ago"),
      fix: expect.stringContaining("have it renewed there"),
    });
  });

  test("names one that is made out to another name", async () => {
    const host = "127.0.0.2";
    await using receiver = new TlsReceiver("certificate", host);
    expect(await judged(receiver.port, { host, known: "certificate" })).toMatchObject({
      state: "fault",
      found: expect.stringContaining("another name"),
      wanted: 'one for "127.0.0.2"',
    });
  });

  test("names a port without TLS, and one that is closed", async () => {
    const plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const port = plain.port ?? 0;
    const found = await judged(port);
    await plain.stop(true);
    expect(found.found).toContain("no TLS connection");
    expect((await judged(port)).found).toContain("ECONNREFUSED");
  });

  test("warns two weeks before the end, and before the beginning", () => {
    const place = { host: "hris.test", port: 443 };
    const view = {
      kind: "seen",
      validFromMs: NOW_MS,
      validToMs: NOW_MS + 15 * DAY_MS,
      chainProblem: undefined,
      isOfName: true,
      issuer: "Some CA",
    } as const;
    const at = (days: number) =>
      judgeCertificate(view, { ...place, nowMs: epochMs(NOW_MS + days * DAY_MS) });
    expect(at(0.5).state).toBe("ok");
    expect(at(1).state).toBe("warning");
    expect(at(16).state).toBe("fault");
    expect(at(-1)).toMatchObject({ state: "fault", fix: expect.stringContaining("clock") });
  });
});
