/** Aim: which texts are names of clients and lists of scopes. */

import { describe, expect, test } from "bun:test";
import { isClientName, parseScopes } from "#domain/client.ts";

describe("isClientName()", () => {
  test.each(["a", "hris_system", "hris.site-1", "42", "Ä 漢字 😀", "a/b?c", "x".repeat(256)])(
    "takes %p",
    (name) => {
      expect(isClientName(name)).toBe(true);
    },
  );

  test.each(["", "x".repeat(257), "a\u0000b", "a\nb", "\u007f", "\u0085", "\ud800", "x\udc00"])(
    "refuses %p",
    (name) => {
      expect(isClientName(name)).toBe(false);
    },
  );
});

describe("parseScopes()", () => {
  test.each([
    ["read", ["read"]],
    ["write,read", ["read", "write"]],
    [" admin , read ", ["read", "admin"]],
    ["read write admin", ["read", "write", "admin"]],
    ["read,read,", ["read"]],
  ] as const)("reads %p", (text, scopes) => {
    expect(parseScopes(text)).toEqual([...scopes]);
  });

  test.each(["", " ", ",", "READ", "read,all", "reader"])("refuses %p", (text) => {
    expect(parseScopes(text)).toBeUndefined();
  });
});
