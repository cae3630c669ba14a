/** Aim: one machine counts as one, however its address is written. */

import { expect, test } from "bun:test";
import { addressKey } from "#api/client-address.ts";

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["1::2:3:4:5:6", "1:0:0:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["", "unknown"],
  [undefined, "unknown"],
])("addressKey() makes of %p %p", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
