/**
 * Aim: releasing what is in quarantine while the server is killed again and again makes each entry one
 * punch and one message, and never leaves an entry decided without its punch, or the other way round.
 */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { framed, post } from "../devices/fkweb/requests.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { sendWhole } from "../system/terminal-socket.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { lookInto, readCount } from "./stored-punches.ts";
import { expectDelivered, expectKept, expectWholeFeed } from "./survival.ts";

const ENTRIES = 150;
const OPERATORS = 4;
const COUNT_RELEASED = "SELECT count(*) FROM quarantine WHERE status = 'released'";

/** Decides of every entry, several at a time, until the server says of each that it is decided. */
class Operators {
  readonly #server: RunningServer;
  readonly #left: number[];
  /** Ids that the server said were released, by the answer or as decided before. */
  readonly released = new Set<number>();

  constructor(server: RunningServer) {
    this.#server = server;
    this.#left = Array.from({ length: ENTRIES }, (_, index) => index + 1);
  }

  async work(): Promise<void> {
    await Promise.all(Array.from({ length: OPERATORS }, () => this.#workAlone()));
  }

  async #workAlone(): Promise<void> {
    for (let id = this.#left.shift(); id !== undefined; id = this.#left.shift()) {
      const status = await this.#supply(id).catch(() => undefined);
      if (status === 200 || status === 409) this.released.add(id);
      else this.#left.push(id);
      if (status === undefined) await Bun.sleep(20);
    }
  }

  async #supply(id: number): Promise<number> {
    const answer = await fetch(`http://localhost/quarantine/supply?id=${id}`, {
      unix: join(this.#server.dataDir, "control.sock"),
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user_id: String(id) }),
    });
    await answer.text();
    return answer.status;
  }
}

test(
  `${KILLS} times kill -9 during the release of ${ENTRIES} entries makes each one punch`,
  () =>
    withSeed(async (random) => {
      await using receiver = new WebhookReceiver();
      const settings = { ...receiver.settings, DEVICE_HISTORY_DAYS: "3660" };
      await using server = await startServer({ settings });
      for (let index = 0; index < ENTRIES; index += 1) {
        const time = 20261102080000 + Math.floor(index / 60) * 100 + (index % 60);
        const punch = framed(`{"user_id":"","io_time":"${time}","io_mode":1,"verify_mode":1}`);
        const answer = await sendWhole(server.terminalPort, post(punch, { dev_id: "KEPT" }));
        expect(answer).toContain("response_code: OK");
      }
      const operators = new Operators(server);
      const working = operators.work();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const wanted = Math.floor((ENTRIES * (kill + random.between(0.1, 0.9))) / KILLS);
        while (readCount(server, COUNT_RELEASED) < wanted) await Bun.sleep(2);
        await server.kill();
        expect(readOrphans(server)).toEqual([]);
        await server.start();
      }
      await working;
      expect(operators.released.size).toBe(ENTRIES);
      expect(readCount(server, COUNT_RELEASED)).toBe(ENTRIES);
      expect(readCount(server, "SELECT count(*) FROM audit_entries")).toBe(ENTRIES);
      expect(readOrphans(server)).toEqual([]);
      expectKept(server, []);
      const stored = await expectWholeFeed(server);
      expect(stored).toHaveLength(ENTRIES);
      await expectDelivered(receiver, stored);
    }),
  TIMEOUT_MS,
);

/** Entries that are released without their punch, and punches without a released entry. */
function readOrphans(server: RunningServer): readonly unknown[] {
  return lookInto(server, (database) =>
    database
      .query(
        `SELECT quarantine.id, punches.id FROM quarantine
         FULL JOIN punches ON punches.id = quarantine.punch_id
         WHERE punches.id IS NULL AND quarantine.status = 'released'
           OR quarantine.id IS NULL OR quarantine.status = 'waiting' AND punches.id IS NOT NULL`,
      )
      .values(),
  );
}
