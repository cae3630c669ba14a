/**
 * Aim: what is wrong with a receiver's name and certificate is told from real connections, by its
 * cause; a message is not tried where that would fail for the same reason.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { fail } from "#base/result.ts";
import { readCertificate } from "#cli/doctor/certificate.ts";
import { checkWebhooks, judgeCertificate } from "#cli/doctor/check-webhooks.ts";
import type { ServerView, Situation } from "#cli/doctor/situation.ts";
import { loadAuthorities } from "#config/ca-file.ts";
import { troublesOf } from "./judged.ts";

const TLS = join(import.meta.dir, "../../fixtures/tls");
const NOW_MS = epochMs(Date.UTC(2026, 2, 2));
const DAY_MS = 86_400_000;

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A receiver with one of the fixture's certificates; gives its port. */
function receiver(certificate: string, hostname = "127.0.0.1"): number {
  const read = (name: string) => readFileSync(join(TLS, `${name}.pem`), "utf8");
  const tls = { cert: read(certificate), key: read("key") };
  const server = Bun.serve({ hostname, port: 0, tls, fetch: () => new Response() });
  servers.push(server);
  return server.port ?? 0;
}

const authoritiesOf = (name: string) => loadAuthorities(join(TLS, `${name}.pem`));

async function judged(
  port: number,
  {
    host = "127.0.0.1",
    authorities,
  }: { host?: string; authorities?: readonly string[] | undefined },
) {
  const limitMs = 5_000;
  const view = await readCertificate({ host, port, authorities, limitMs });
  return judgeCertificate("webhook-x-tls", view, { host, port, nowMs: NOW_MS });
}

describe("judgeCertificate()", () => {
  test("takes a certificate that a known authority signed for the name", async () => {
    const authorities = await authoritiesOf("certificate");
    expect(await judged(receiver("certificate"), { authorities })).toMatchObject({ state: "ok" });
  });

  test("names one that nobody known has signed", async () => {
    expect(await judged(receiver("certificate"), {})).toMatchObject({
      state: "fault",
      found: expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT"),
      fix: expect.stringContaining("BIOMETRIC_WEBHOOK_CA_FILE"),
    });
  });

  test("names one that has expired", async () => {
    const authorities = await authoritiesOf("expired");
    expect(await judged(receiver("expired"), { authorities })).toMatchObject({
      state: "fault",
      found: expect.stringContaining("its certificate expired 5 years ago"),
      fix: expect.stringContaining("have it renewed there"),
    });
  });

  test("names one that is made out to another name", async () => {
    const authorities = await authoritiesOf("certificate");
    const port = receiver("certificate", "127.0.0.2");
    expect(await judged(port, { host: "127.0.0.2", authorities })).toMatchObject({
      state: "fault",
      found: expect.stringContaining("another name"),
      wanted: 'one for "127.0.0.2"',
    });
  });

  test("names a port that is closed, and one without TLS", async () => {
    const plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    servers.push(plain);
    expect((await judged(plain.port ?? 0, {})).found).toContain("no TLS connection");
    const closed = plain.port ?? 0;
    await plain.stop(true);
    expect((await judged(closed, {})).found).toContain("ECONNREFUSED");
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
      judgeCertificate("webhook-x-tls", view, { ...place, nowMs: epochMs(NOW_MS + days * DAY_MS) });
    expect(at(0.5).state).toBe("ok");
    expect(at(1).state).toBe("warning");
    expect(at(16).state).toBe("fault");
    expect(at(-1)).toMatchObject({ state: "fault", fix: expect.stringContaining("clock") });
  });
});

/** A server that tells of these receivers. Nothing answers on its socket. */
function situationOf(webhooks: readonly object[]): Situation {
  const server: ServerView = {
    kind: "answers",
    socketPath: "/nowhere/control.sock",
    status: { webhooks },
    process: {},
    clock: {},
  };
  return {
    settings: fail([]),
    settingsPath: "/nowhere/settings.env",
    isService: false,
    dataDir: undefined,
    isDataClosed: false,
    isRoot: true,
    databasePath: undefined,
    server,
    status: server.status,
    nowMs: NOW_MS,
  };
}

function check(webhooks: readonly object[], ...addresses: readonly string[]) {
  const lookUp = async () => addresses.map((address) => ({ address }));
  return checkWebhooks({ situation: situationOf(webhooks), authorities: undefined, lookUp });
}

const HRIS = { name: "hris", state: "active", url: "https://hris.test/in" };

describe("checkWebhooks()", () => {
  test("names a name that leads nowhere, or to an address that nothing is sent to", async () => {
    expect(troublesOf(await check([HRIS]))).toEqual({
      "webhook-hris-name":
        "fault: getent hosts hris.test; look at the URL, and at the name servers in /etc/resolv.conf",
    });
    const wrong = await check([HRIS], "10.0.0.1", "169.254.169.254");
    expect(wrong).toHaveLength(1);
    expect(wrong[0]?.found).toBe('"hris.test" leads to 169.254.169.254');
  });

  test("sends no message where the certificate is wrong", async () => {
    const url = `https://127.0.0.1:${receiver("certificate")}/in`;
    const found = await check([{ ...HRIS, url }]);
    expect(found.map(({ check: name, state }) => [name, state])).toEqual([
      ["webhook-hris-tls", "fault"],
    ]);
  });

  test("leaves a disabled one alone, and is content with none", async () => {
    expect(troublesOf(await check([{ ...HRIS, state: "disabled" }]))).toEqual({
      "webhook-hris": "skipped: biometric-server webhooks enable hris",
    });
    expect(troublesOf(await check([]))).toEqual({});
  });
});
