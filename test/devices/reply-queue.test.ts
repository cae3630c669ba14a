// Aim: whatever the order of outcomes and however little a socket takes, the bytes that leave are
// the replies in request order, each whole, up to the one that ends the connection.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CLOSE_SILENTLY, type Reply } from "#devices/driver.ts";
import { ReplyQueue } from "#devices/reply-queue.ts";

const reply = (text: string, close = false): Reply => ({ bytes: Buffer.from(text), close });

describe("ReplyQueue", () => {
  test("ReplyQueue.fill() returns the reply that ends the connection when its turn comes", () => {
    const queue = new ReplyQueue();
    const [first, second, third] = [queue.reserve(), queue.reserve(), queue.reserve()];
    const last = reply("b", true);
    expect(queue.fill(second, last)).toBeUndefined();
    expect(queue.fill(first, reply("a"))).toBe(last);
    expect(queue.waitingCount).toBe(0);
    expect(queue.fill(third, reply("c"))).toBeUndefined();
    expect(queue.unsentBytes).toBe(2);
  });

  test("ReplyQueue.fill() takes a reply without bytes for an end even without close", () => {
    const queue = new ReplyQueue();
    const silence: Reply = { bytes: undefined, close: false };
    expect(queue.fill(queue.reserve(), silence)).toBe(silence);
    expect(queue.isEmpty).toBe(true);
  });

  test("ReplyQueue.writeTo() tells when the socket is gone", () => {
    const queue = new ReplyQueue();
    queue.fill(queue.reserve(), reply("a"));
    expect(queue.writeTo({ write: () => -1 })).toBe(false);
    queue.clear();
    expect(queue.isEmpty).toBe(true);
    expect(queue.writeTo({ write: () => -1 })).toBe(true);
  });

  test("ReplyQueue sends the replies in order and whole, in any order of outcomes", () => {
    const replies = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.string({ maxLength: 9 }).map((text) => reply(text)) },
        fc.constant(CLOSE_SILENTLY),
        fc.constant(reply("last", true)),
      ),
      { minLength: 1, maxLength: 12 },
    );
    const scenario = replies.chain((list) =>
      fc.record({
        list: fc.constant(list),
        order: fc.shuffledSubarray([...list.keys()], { minLength: list.length }),
        room: fc.array(fc.nat(5), { minLength: 1, maxLength: 30 }),
      }),
    );
    fc.assert(
      fc.property(scenario, ({ list, order, room }) => {
        const queue = new ReplyQueue();
        const places = list.map(() => queue.reserve());
        const written: Uint8Array[] = [];
        const limited = (bytes: Uint8Array): number => {
          const taken = bytes.subarray(0, room.shift() ?? bytes.length);
          written.push(taken);
          return taken.length;
        };
        for (const index of order) {
          const [place, itsReply] = [places[index], list[index]];
          if (place !== undefined && itsReply !== undefined) queue.fill(place, itsReply);
          queue.writeTo({ write: limited });
        }
        while (queue.unsentBytes > 0) queue.writeTo({ write: limited });
        expect(Buffer.concat(written).toString()).toBe(expectedBytes(list));
        expect(queue.isEmpty).toBe(true);
        expect(queue.sentBytes).toBe(Buffer.byteLength(expectedBytes(list)));
      }),
    );
  });
});

function expectedBytes(replies: readonly Reply[]): string {
  let text = "";
  for (const { bytes, close } of replies) {
    if (bytes === undefined) return text;
    text += Buffer.from(bytes).toString();
    if (close) return text;
  }
  return text;
}
