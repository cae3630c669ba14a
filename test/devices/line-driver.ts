/**
 * A protocol small enough to read in a test: one request a line, one line a reply. Its verbs make
 * the terminal port meet every kind of event a driver can give.
 */

import {
  CLOSE_SILENTLY,
  type Decoder,
  type DecoderEvent,
  type Driver,
  type Exchange,
  type Reply,
} from "#devices/driver.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { Intake, Outcome } from "#domain/intake.ts";

const LINE_FEED = 0x0a;

/** Heads of four capital letters are ours. */
const VERB_BYTES_MIN = 4;

/** What a line decoder throws on `THROW`. */
export class PlantedBug extends Error {}

/**
 * Lines are `PUNCH x` (reply `OK x`), `LAST x` (the same, then close), `LARGE n` (n bytes, then
 * close), `PING` (answered without storage), `EARLY` (an answer that closes), `WRONG` (a
 * violation), `THROW` (a bug of the decoder) and `MUTE x` (a bug of `encodeReply`).
 */
export const lineDriver: Driver = {
  name: "line",
  sniff(head) {
    const verb = head.subarray(0, VERB_BYTES_MIN);
    if (verb.some((byte) => byte < 0x41 || byte > 0x5a)) return "no";
    return verb.length < VERB_BYTES_MIN ? "more" : "yes";
  },
  open: () => new LineDecoder(),
};

class LineDecoder implements Decoder {
  #held: Uint8Array = new Uint8Array(0);

  get bufferedBytes(): number {
    return this.#held.length;
  }

  get midRequest(): boolean {
    return this.#held.length > 0;
  }

  push(chunk: Uint8Array): readonly DecoderEvent[] {
    let rest: Uint8Array = Buffer.concat([this.#held, chunk]);
    const events: DecoderEvent[] = [];
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      events.push(interpretLine(rest.slice(0, end + 1)));
      rest = rest.slice(end + 1);
    }
    this.#held = rest;
    return events;
  }
}

function interpretLine(raw: Uint8Array): DecoderEvent {
  const [verb, rest = ""] = Buffer.from(raw).toString("latin1").trimEnd().split(" ", 2);
  switch (verb) {
    case "PUNCH":
      return exchange(raw, rest, () => text(`OK ${rest}\n`, false));
    case "LAST":
      return exchange(raw, rest, () => text(`OK ${rest}\n`, true));
    case "LARGE":
      return exchange(raw, rest, () => text("x".repeat(Number(rest)), true));
    case "MUTE":
      return exchange(raw, rest, () => {
        throw new PlantedBug("Planted in encodeReply");
      });
    case "PING":
      return { kind: "answer", reply: text("PONG\n", false) };
    case "EARLY":
      return { kind: "answer", reply: text("NO\n", true) };
    case "THROW":
      throw new PlantedBug("Planted in push");
    default:
      return {
        kind: "violation",
        code: "no-such-verb",
        detail: "Wanted a verb",
        deviceIdText: "x",
      };
  }
}

function exchange(raw: Uint8Array, rest: string, spell: () => Reply): Exchange {
  const intake: Intake = {
    kind: "notice",
    deviceId: deviceId("line-1"),
    code: "line",
    known: true,
    text: rest,
    raw,
  };
  return {
    kind: "exchange",
    intake,
    encodeReply: (outcome: Outcome) =>
      outcome.kind === "failed" || outcome.kind === "refused" ? CLOSE_SILENTLY : spell(),
  };
}

function text(content: string, close: boolean): Reply {
  return { bytes: Buffer.from(content, "latin1"), close };
}
