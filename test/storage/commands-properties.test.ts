/**
 * Aim: whatever terminals, people, clocks and restarts do, in any order, no terminal ever has two
 * commands in flight, none is handed out after its end, before its turn or out of use, and each ends in
 * exactly one final state, which never changes. fast-check prints the seed of a failure.
 */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import type { Command, CommandKind, DeviceCommand } from "#domain/command.ts";
import { isFinished } from "#domain/command.ts";
import { deviceId } from "#domain/identifiers.ts";
import { pollFrom, resultFrom } from "../support/terminal-intakes.ts";
import { openTestStorage, RECEIVED_AT_MS, type TestStorage } from "../support/test-storage.ts";

const DEVICES = ["GATE1", "GATE2"];
const KINDS: readonly CommandKind[] = ["set-time", "get-status", "restart", "list-users"];
const RUNS = 40;
const STEPS_MAX = 80;

type Step =
  | {
      readonly do: "queue";
      readonly device: string;
      readonly kind: CommandKind;
      readonly waitMs: number;
    }
  | { readonly do: "poll"; readonly device: string }
  | { readonly do: "result"; readonly device: string; readonly id: number; readonly code: string }
  | { readonly do: "cancel"; readonly id: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "approve" | "block" | "retire"; readonly device: string }
  | { readonly do: "expire" | "restart" | "trust" | "distrust" };

const device = fc.constantFrom(...DEVICES);
const id = fc.integer({ min: 1, max: 12 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("queue" as const),
      device,
      kind: fc.constantFrom(...KINDS),
      waitMs: fc.constantFrom(1_000, 60_000, 3_600_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("poll" as const), device }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("result" as const),
      device,
      id,
      code: fc.constantFrom("OK", "OK", "Error", ""),
    }),
  },
  fc.record({ do: fc.constant("cancel" as const), id }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 40_000, 2_000_000) }),
  fc.record({ do: fc.constantFrom("expire", "restart") }),
  fc.record({ do: fc.constantFrom("approve", "block", "retire"), device }),
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("trust", "distrust") }) },
);

class World {
  readonly opened: TestStorage = openTestStorage();
  nowMs = RECEIVED_AT_MS;
  #before: readonly Command[] = [];

  get storage() {
    return this.opened.storage;
  }

  async run(next: Step): Promise<void> {
    switch (next.do) {
      case "queue":
        await this.storage.queueCommands({
          deviceId: deviceId(next.device),
          commands: [commandOf(next.kind)],
          requestedBy: "operator",
          nowMs: this.nowMs,
          deadlineMs: epochMs(this.nowMs + next.waitMs),
        });
        break;
      case "poll":
        await this.#poll(next.device);
        break;
      case "result": {
        const result = { commandIdText: `c-${next.id}`, returnCode: next.code, text: "{}" };
        const isBlocked = await this.#isBlocked(next.device);
        const received = resultFrom(next.device, result, this.nowMs);
        expect(await this.storage.append([received])).toMatchObject([
          { kind: isBlocked ? "refused" : "stored" },
        ]);
        break;
      }
      case "cancel":
        await this.storage.cancelCommand(next.id, this.nowMs);
        break;
      case "wait":
        this.nowMs = epochMs(this.nowMs + next.ms);
        break;
      case "approve":
        await this.storage.approveDevice(deviceId(next.device));
        break;
      case "block":
        await this.storage.blockDevice(deviceId(next.device));
        break;
      case "retire":
        await this.storage.retireDevice(deviceId(next.device));
        break;
      case "expire":
        await this.storage.expireCommands(this.nowMs);
        break;
      case "restart":
        await this.opened.reopen();
        break;
      default:
        this.opened.ownClock.trusted = next.do === "trust";
    }
    await this.#check();
  }

  /** What is handed out is what its turn and its state allow. */
  async #poll(name: string): Promise<void> {
    const before = await this.#openOf(name);
    const [outcome] = await this.storage.append([pollFrom(name, this.nowMs)]);
    const handed = outcome?.kind === "stored" ? outcome.command : undefined;
    const eligible = before.filter(
      ({ kind, deadlineMs, sentCount }) =>
        deadlineMs > this.nowMs &&
        sentCount < 4 &&
        (kind !== "set-time" || this.opened.ownClock.trusted),
    );
    const wanted = eligible.find(({ status }) => status === "sent") ?? eligible[0];
    expect(handed?.id).toBe(wanted === undefined ? undefined : `c-${wanted.id}`);
    if (wanted === undefined) return;
    const after = await this.storage.findCommand(wanted.id);
    expect(after?.sentCount).toBe(wanted.sentCount + 1);
    expect(after?.status).toBe(wanted.kind === "restart" ? "unconfirmed" : "sent");
  }

  async #isBlocked(name: string): Promise<boolean> {
    return (await this.storage.findDevice(deviceId(name)))?.status === "blocked";
  }

  async #openOf(name: string): Promise<readonly Command[]> {
    const filter = { deviceId: deviceId(name), isOpen: true };
    return [...(await this.storage.listCommands(filter, 1_000))].reverse();
  }

  async #check(): Promise<void> {
    const all = await this.storage.listCommands({}, 1_000);
    for (const name of DEVICES) {
      const own = all.filter(({ deviceId: of }) => of === name);
      expect(own.filter(({ status }) => status === "sent").length).toBeLessThanOrEqual(1);
      const open = own.filter(({ status }) => !isFinished(status)).length;
      const known = await this.storage.findDevice(deviceId(name));
      expect(known?.openCommandCount).toBe(open);
      if (known?.status !== "approved") expect(open).toBe(0);
    }
    for (const command of all) {
      expect(command.finishedAtMs === undefined).toBe(!isFinished(command.status));
      const was = this.#before.find((one) => one.id === command.id);
      if (was !== undefined && isFinished(was.status)) {
        expect([command.id, command.status, command.finishedAtMs, command.sentCount]).toEqual([
          was.id,
          was.status,
          was.finishedAtMs,
          was.sentCount,
        ]);
      }
    }
    this.#before = all;
  }
}

function commandOf(kind: CommandKind): DeviceCommand {
  if (kind === "set-time" || kind === "restart" || kind === "list-users") return { kind };
  return { kind: "get-status" };
}

test("every command ends once, and no terminal has two in flight", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: STEPS_MAX, size: "max" }),
      async (steps) => {
        const world = new World();
        using _ = world.opened;
        await world.storage.append(DEVICES.map((name) => pollFrom(name)));
        for (const next of steps) await world.run(next);
        // Once time has passed, nothing is open.
        await world.run({ do: "wait", ms: 4_000_000 });
        await world.run({ do: "expire" });
        const left = await world.storage.listCommands({ isOpen: true }, 1_000);
        expect(left).toEqual([]);
      },
    ),
    { numRuns: RUNS },
  );
}, 60_000);
