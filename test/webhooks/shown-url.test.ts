/** Proves that an address is shown without anything secret in it. */

import { expect, test } from "bun:test";
import { shownUrl } from "#webhooks/shown-url.ts";

test.each([
  ["http://hris.example/hook", "http://hris.example/hook"],
  ["https://me:hunter2@hris.example:8443/a/b", "https://hris.example:8443/a/b"],
  ["http://token@hris.example/hook", "http://hris.example/hook"],
  ["http://hris.example/hook?token=abc&x=1#part", "http://hris.example/hook?***"],
  ["http://me:pw@[2001:db8::1]/hook?t=1", "http://[2001:db8::1]/hook?***"],
])("shownUrl() shows %s as %s", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
