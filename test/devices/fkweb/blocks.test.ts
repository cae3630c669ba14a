/**
 * Aim: blocks join in order and only in order (fkweb.md 5), and unfinished uploads stay bounded.
 */

import { describe, expect, test } from "bun:test";
import { BlockAssembler } from "#devices/fkweb/blocks.ts";
import { fixture } from "./requests.ts";

const MEBIBYTE = 1024 * 1024;

/** Adds one block and gives the joined text, `more`, or the code of the failure. */
function add(assembler: BlockAssembler, number: number, body: string): string {
  const added = assembler.add({ key: "device", number, body: Buffer.from(body) }, 100);
  if (!added.ok) return added.error.code;
  return added.value === undefined ? "more" : Buffer.from(added.value).toString();
}

function bodyOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(Buffer.from(bytes).indexOf("\r\n\r\n") + 4);
}

describe("BlockAssembler.add()", () => {
  test("gives a single body back as it is", () => {
    expect(add(new BlockAssembler(), 0, "all")).toBe("all");
  });

  test("joins E10 into the body of the single request", () => {
    const assembler = new BlockAssembler();
    const first = bodyOf(fixture("e10-enrolment-block-1"));
    const last = bodyOf(fixture("e10-enrolment-block-0"));
    expect([first.length, last.length]).toEqual([100, 72]);
    expect(assembler.add({ key: "k", number: 1, body: first }, 172).ok).toBe(true);
    const joined = assembler.add({ key: "k", number: 0, body: last }, 172);
    if (!joined.ok || joined.value === undefined) throw new Error("Not joined");
    const single = bodyOf(fixture("e10-enrolment-single"));
    expect(Buffer.from(joined.value).equals(Buffer.from(single))).toBe(true);
  });

  test("joins any number of blocks, and holds nothing after the last", () => {
    const assembler = new BlockAssembler();
    expect(add(assembler, 1, "a")).toBe("more");
    expect(add(assembler, 2, "b")).toBe("more");
    expect(add(assembler, 3, "")).toBe("more");
    expect(assembler.stateOf("device")).toBe("held");
    expect(add(assembler, 0, "d")).toBe("abd");
    expect(assembler.stateOf("device")).toBe("none");
    expect(assembler.heldBytes).toBe(0);
  });

  test("starts anew with block 1", () => {
    const assembler = new BlockAssembler();
    add(assembler, 1, "old");
    add(assembler, 1, "new");
    expect(add(assembler, 0, "!")).toBe("new!");
  });

  test.each([2, 4, 7])("drops the upload when block %d comes after 2 but is not 3", (number) => {
    const assembler = new BlockAssembler();
    add(assembler, 1, "a");
    add(assembler, 2, "b");
    expect(add(assembler, number, "x")).toBe("block-out-of-order");
    expect(assembler.stateOf("device")).toBe("dropped");
    expect(assembler.heldBytes).toBe(0);
  });

  test("drops an upload that grows beyond its bound", () => {
    const assembler = new BlockAssembler();
    expect(add(assembler, 1, "x".repeat(60))).toBe("more");
    expect(add(assembler, 0, "x".repeat(41))).toBe("upload-too-long");
    expect(assembler.stateOf("device")).toBe("none");
  });

  test("pushes out the upload that has waited longest when the bytes run out", () => {
    const assembler = new BlockAssembler();
    const body = new Uint8Array(15 * MEBIBYTE);
    const part = (key: string, number: number, bytes = body) =>
      assembler.add({ key, number, body: bytes }, 16 * MEBIBYTE);
    part("a", 1);
    part("b", 1);
    part("a", 2, new Uint8Array(0));
    part("c", 1);
    expect(["a", "b", "c"].map((key) => assembler.stateOf(key))).toEqual([
      "held",
      "dropped",
      "held",
    ]);
    expect(assembler.heldBytes).toBeLessThanOrEqual(32 * MEBIBYTE);
  });

  test("holds a bounded number of uploads", () => {
    const assembler = new BlockAssembler();
    const body = Buffer.from("x");
    for (let index = 0; index < 300; index += 1) {
      assembler.add({ key: `device ${index}`, number: 1, body }, 100);
    }
    const held = Array.from({ length: 300 }, (_, index) => assembler.stateOf(`device ${index}`));
    expect(held.filter((state) => state === "held").length).toBe(256);
    expect(held[0]).toBe("dropped");
    expect(held[299]).toBe("held");
  });
});

describe("BlockAssembler.notePoll()", () => {
  const poll = (assembler: BlockAssembler, count: number, prefix = "dev") => {
    for (let poll = 0; poll < count; poll += 1) assembler.notePoll(prefix);
  };

  test("lets go of an upload whose terminal has polled 15 times since its newest block", () => {
    const assembler = new BlockAssembler();
    add(assembler, 1, "a");
    poll(assembler, 14);
    add(assembler, 2, "b");
    poll(assembler, 14);
    expect(assembler.stateOf("device")).toBe("held");
    poll(assembler, 1);
    expect(assembler.stateOf("device")).toBe("dropped");
    expect(assembler.heldBytes).toBe(0);
    expect(add(assembler, 0, "z")).toBe("block-out-of-order");
  });

  test("leaves the uploads of other terminals alone", () => {
    const assembler = new BlockAssembler();
    add(assembler, 1, "a");
    poll(assembler, 100, "other");
    expect(add(assembler, 0, "z")).toBe("az");
  });
});

describe("BlockAssembler, once blocks that were answered are gone,", () => {
  test("refuses their last block, for it would be all that is left of them", () => {
    const assembler = new BlockAssembler();
    add(assembler, 1, "a");
    assembler.drop("device");
    expect(assembler.stateOf("device")).toBe("dropped");
    expect(assembler.heldBytes).toBe(0);
    expect(add(assembler, 0, "z")).toBe("block-out-of-order");
  });

  test("refuses it once: the same again is a body of its own", () => {
    const assembler = new BlockAssembler();
    add(assembler, 2, "b");
    expect(add(assembler, 0, "z")).toBe("block-out-of-order");
    expect(add(assembler, 0, "z")).toBe("z");
  });

  test("takes the upload from block 1 on", () => {
    const assembler = new BlockAssembler();
    add(assembler, 1, "a");
    add(assembler, 3, "c");
    expect(add(assembler, 1, "a")).toBe("more");
    expect(add(assembler, 0, "z")).toBe("az");
  });

  test("remembers a bounded number of them, the latest", () => {
    const assembler = new BlockAssembler();
    for (let index = 0; index < 300; index += 1) {
      assembler.add({ key: `device ${index}`, number: 2, body: Buffer.from("x") }, 100);
    }
    const states = Array.from({ length: 300 }, (_, index) => assembler.stateOf(`device ${index}`));
    expect(states.filter((state) => state === "dropped").length).toBe(256);
    expect([states[0], states[299]]).toEqual(["none", "dropped"]);
  });
});
