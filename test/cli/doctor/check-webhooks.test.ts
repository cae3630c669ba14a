/**
 * Aim: what is wrong with a receiver's name is told, and behind a fault nothing is tried that would
 * fail for the same reason.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { fail } from "#base/result.ts";
import { checkWebhooks } from "#cli/doctor/check-webhooks.ts";
import type { ServerView, Situation } from "#cli/doctor/situation.ts";
import { troublesOf } from "./judged.ts";
import { TlsReceiver } from "./tls-receiver.ts";

const NOW_MS = epochMs(Date.UTC(2026, 2, 2));

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
      "webhook-name":
        "fault: getent hosts hris.test; look at the URL, and at the name servers in /etc/resolv.conf",
    });
    const wrong = await check([HRIS], "10.0.0.1", "169.254.169.254");
    expect(wrong).toHaveLength(1);
    expect(wrong[0]?.found).toBe('hris: "hris.test" leads to 169.254.169.254');
  });

  test("sends no message where the certificate is wrong", async () => {
    await using receiver = new TlsReceiver("certificate");
    const url = `https://127.0.0.1:${receiver.port}/in`;
    const found = await check([{ ...HRIS, url }]);
    expect(found.map(({ check: name, state }) => [name, state])).toEqual([
      ["webhook-tls", "fault"],
    ]);
  });

  test("writes a name with blanks as a word of a shell", async () => {
    const found = await check([{ ...HRIS, name: "Ana's hook", state: "disabled" }]);
    expect(found[0]?.fix).toBe("biometric-server webhooks enable 'Ana'\\''s hook'");
  });

  test("leaves a disabled one alone, and is content with none", async () => {
    expect(troublesOf(await check([{ ...HRIS, state: "disabled" }]))).toEqual({
      webhooks: "skipped: biometric-server webhooks enable hris",
    });
    expect(troublesOf(await check([]))).toEqual({});
  });
});
