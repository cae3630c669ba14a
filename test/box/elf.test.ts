/** Aim: a program for another processor is known before it is put into place. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { ELF_HEAD_BYTES, readMachine } from "#box/elf.ts";

/** The beginning of an ELF file of 64 bits, little-endian. */
function head(machine: number): Uint8Array {
  const bytes = new Uint8Array(ELF_HEAD_BYTES);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.set([machine & 0xff, machine >> 8], 18);
  return bytes;
}

test("readMachine() tells for which processor a program was made", () => {
  expect(readMachine(head(0x3e))).toBe("x64");
  expect(readMachine(head(0xb7))).toBe("arm64");
  expect(readMachine(head(0x28))).toBe("other-machine");
  expect(readMachine(readFileSync(process.execPath).subarray(0, 64))).toBe(
    process.arch === "arm64" ? "arm64" : "x64",
  );
});

test("readMachine() takes nothing else for a program", () => {
  const none = ["", "#!/bin/sh\necho no program\n", "\u007fELF"];
  for (const text of none) {
    expect(readMachine(new TextEncoder().encode(text))).toBe("not-a-program");
  }
});
