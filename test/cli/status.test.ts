/**
 * Aim: the verb `status` shows one screen over a real control socket, with the fix of what is wrong,
 * and ends with 0, 1 or 3.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import type { Condition } from "#domain/condition.ts";
import { deviceId } from "#domain/identifiers.ts";
import { VERSION } from "#platform/version.ts";
import { ControlFixture, cleanUpControl, temporaryPath } from "../api/control/control-fixture.ts";
import { sampleDevice } from "../api/fake-storage.ts";
import { runVerb } from "../support/run-verb.ts";
import { openTestStorage, punchesFrom, RECEIVED_AT_MS, rawPunch } from "../support/test-storage.ts";

afterEach(cleanUpControl);

const LOCAL: Condition = {
  type: "local-mode",
  subject: "192.0.2.9",
  raisedAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 12, 4)),
  lastSeenAtMs: epochMs(Date.UTC(2026, 2, 2, 0, 15, 0)),
  detail: "It is\u001b[2J silent",
};

function run(path: string, ...argv: string[]) {
  return runVerb(dirname(path), "status", ...argv);
}

describe("status", () => {
  test("shows a server that is well, and ends with 0", async () => {
    const path = temporaryPath();
    const fixture = new ControlFixture();
    await fixture.start(path);
    await fixture.clock.advance(3_600_000);
    expect(await run(path)).toEqual({
      code: 0,
      out: `server      ${VERSION}, up 60 min
database    takes what comes
complete    not known yet
disk        10240 MB free
clock       not trusted: see "clock"
deliveries  0 waiting, 0 parked
quarantine  0 kept that could not be read
webhook     settings: active; 0 waiting, 0 parked; nothing sent since the start
backup      none yet
pairing     closed: new terminals wait for approval unless DEVICE_ENROLLMENT is open

No terminal has been in contact yet

No terminal has trouble
`,
      error: "",
    });
  });

  test("shows terminals and what is wrong with its fix, and ends with 3", async () => {
    const path = temporaryPath();
    const fixture = new ControlFixture();
    fixture.ownClock.confirm();
    fixture.storage.pairingWindowEndsAt = epochMs(Date.UTC(2026, 2, 2, 0, 25, 4));
    fixture.storage.deliveriesParked = 2;
    const throughMs = epochMs(Date.UTC(2026, 2, 2, 0, 13, 0));
    fixture.storage.completeness = {
      ...fixture.storage.completeness,
      throughMs,
      heldBack: { deviceId: deviceId("GATE"), reason: "no-contact" },
    };
    fixture.storage.devices.push(
      sampleDevice("GATE", {
        clockSkewMs: 120_000,
        heldCount: 4,
        allowedAddress: "192.0.2.0/24",
        completeThroughMs: throughMs,
      }),
      sampleDevice("NEW", { status: "pending", lastContactMs: undefined }),
    );
    fixture.reachedLimits = [
      { limit: "commit-queue", setting: "COMMIT_QUEUE_DEPTH_MAX", count: 3 },
      { limit: "api-open", setting: undefined, count: 1 },
    ];
    fixture.conditions = [LOCAL];
    await fixture.start(path);
    const { code, out } = await run(path);
    expect(code).toBe(3);
    expect(out).toBe(`server      ${VERSION}, up 0 s
database    takes what comes
complete    every punch up to 2 min ago is here; behind is GATE: It is not in contact
disk        10240 MB free
clock       trusted
deliveries  0 waiting, 2 parked: look at the receiver, then retry them
quarantine  0 kept that could not be read
webhook     settings: active; 0 waiting, 2 parked; nothing sent since the start
backup      none yet
limits      reached since the start: commit-queue 3 x (COMMIT_QUEUE_DEPTH_MAX), api-open 1 x
pairing     new terminals are approved at once for 10 more min

TERMINAL  NAME  STATUS    LAST CONTACT  COMPLETE   CLOCK       HELD  ADDRESS    ALLOWED FROM
GATE      -     approved  0 s ago       2 min ago  2 min fast  4     192.0.2.7  192.0.2.0/24
NEW       -     pending   never         -          -           0     192.0.2.7  any

WHAT IS WRONG
192.0.2.9: local-mode, since 3 min ago
  It is?[2J silent
  fix: In the terminal's network menu change the mode from "Local" to "Internet". Without such a choice it may speak the old RealSvr, which waits for the server to begin: see "biometric-server device-card realsvr"
`);
  });

  test("--json prints the server's answer", async () => {
    const path = temporaryPath();
    const fixture = new ControlFixture();
    fixture.conditions = [LOCAL];
    await fixture.start(path);
    const { code, out } = await run(path, "--json");
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      well: false,
      conditions: [{ type: "local-mode", subject: "192.0.2.9" }],
    });
  });

  test("shows what the database holds while no server answers, and ends with 1", async () => {
    using opened = openTestStorage();
    await opened.storage.append([
      punchesFrom("GATE", [rawPunch("7", "20260302081504")]),
      { ...punchesFrom("NEW", []), receivedAtMs: epochMs(RECEIVED_AT_MS + 60_000) },
    ]);
    const condition = { ...LOCAL, detail: "It is silent" };
    await opened.storage.recordConditions([{ kind: "raised", atMs: LOCAL.raisedAtMs, condition }]);
    const { code, out, error } = await run(opened.path);
    expect(code).toBe(1);
    expect(error).toStartWith("error: Cannot reach the server on ");
    expect(out).toStartWith(`server      DOES NOT ANSWER: this is what its database held at last
database    ${opened.path}
deliveries  1 waiting, 0 parked
quarantine  0 kept that could not be read
backup      none yet

TERMINAL  NAME  STATUS    LAST CONTACT`);
    expect(out).toMatch(/^GATE +- +approved /m);
    expect(out).toMatch(/^192\.0\.2\.9: local-mode, since .*\n {2}It is silent\n {2}fix: In the/m);
    const json = await run(opened.path, "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      server_answers: false,
      read_from: opened.path,
      well: false,
      terminals: [{ id: "GATE", status: "approved" }, { id: "NEW" }],
      conditions: [{ type: "local-mode" }],
      deliveries_waiting: 1,
    });
  });

  test("tells why a database cannot be read either", async () => {
    const path = temporaryPath();
    const database = join(dirname(path), "biometric.db");
    writeFileSync(database, "no database".repeat(100));
    const { code, out, error } = await run(path);
    expect([code, out]).toEqual([1, ""]);
    expect(error).toStartWith(
      `error: Cannot read database "${database}": SQLITE_NOTADB\nerror: Cannot reach the server on `,
    );
  });

  test("ends with 1 where no server answers", async () => {
    const { code, out, error } = await run(temporaryPath());
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(error).toStartWith("error: Cannot reach the server on ");
  });
});
