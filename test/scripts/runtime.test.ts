/** Aim: no other runtime goes into a release than the one that package-lock.json names. */

import { expect, test } from "bun:test";
import { checkIntegrity } from "../../scripts/runtime.ts";

test("checkIntegrity() takes the file that was locked, and no other", () => {
  // The sum of "abc": FIPS 180-2, appendix C.1, in base64.
  const sum =
    "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
  const locked = { version: "1.0.0", integrity: `sha512-${sum}` };
  checkIntegrity("runtime", Buffer.from("abc"), locked);
  expect(() => checkIntegrity("runtime", Buffer.from("abd"), locked)).toThrow(
    /^Cannot use runtime 1.0.0: its sum sha512-.+ is not sha512-3a81/,
  );
});
