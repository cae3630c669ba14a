/**
 * Aim: a standard stream whose reader went away costs its text and nothing else, and is told of.
 */

import { describe, expect, test } from "bun:test";
import { Output, type TextSink } from "#platform/output.ts";

/** A stream that takes some texts, and then fails in one of the ways Bun's writer does. */
class BreakingSink implements TextSink {
  readonly taken: string[] = [];
  readonly #takes: number;
  readonly #fail: () => unknown;

  constructor(takes: number, fail: () => unknown) {
    this.#takes = takes;
    this.#fail = fail;
  }

  write(text: string): unknown {
    return this.taken.push(text);
  }

  flush(): unknown {
    return this.taken.length > this.#takes ? this.#fail() : 0;
  }

  end(): unknown {
    return this.flush();
  }
}

const FAILURES: readonly [string, () => unknown][] = [
  [
    "throws",
    () => {
      throw new Error("EPIPE");
    },
  ],
  ["rejects", () => Promise.reject(new Error("EPIPE"))],
];

describe("Output", () => {
  test.each(FAILURES)("goes on without its reader when the stream %s", async (_way, fail) => {
    const sink = new BreakingSink(1, fail);
    const output = new Output(sink);
    output.write("one\n");
    output.write("two\n");
    await new Promise((resolve) => setImmediate(resolve));
    output.write("three\n");
    await output.end();
    expect(sink.taken).toEqual(["one\n", "two\n"]);
    expect(output.failure).toContain("EPIPE");
  });

  test("says what failed where the stream rejects the text itself", async () => {
    const sink = new BreakingSink(10, () => 0);
    sink.write = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    const output = new Output(sink);
    output.write("one\n");
    await output.end();
    expect(output.failure).toBe("ENOSPC");
  });

  test("hands on every text in order and waits for the last at its end", async () => {
    let hasLeft = false;
    const sink = new BreakingSink(10, () => 0);
    sink.end = () =>
      Promise.resolve().then(() => {
        hasLeft = true;
      });
    const output = new Output(sink);
    for (const text of ["a", "b", "c"]) output.write(text);
    await output.end();
    expect(sink.taken).toEqual(["a", "b", "c"]);
    expect(hasLeft).toBe(true);
    expect(output.failure).toBeUndefined();
  });
});
