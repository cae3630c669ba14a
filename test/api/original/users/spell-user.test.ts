/** Aim: an imported list of credentials may be anything, and the answer is a list all the same. */

import { describe, expect, test } from "bun:test";
import { spellHrisUser, spellUser } from "#api/original/users/spell-user.ts";
import { epochMs } from "#base/epoch.ts";
import { userId } from "#domain/identifiers.ts";
import type { KnownUser } from "#domain/user.ts";

function imported(credentialsText: string): KnownUser {
  return {
    id: userId("7"),
    synced: undefined,
    enrollments: [
      {
        name: undefined,
        privilege: undefined,
        isEnabled: undefined,
        passwordCount: 0,
        cardCount: 0,
        faceCount: 0,
        fingerprintCount: 0,
        veinCount: 0,
        credentialsText,
        updatedAtMs: epochMs(0),
      },
    ],
    hasPunched: false,
  };
}

describe("spellHrisUser()", () => {
  test.each([
    ["", []],
    ["[]", []],
    ["{}", []],
    ["null", []],
    ["[1,", []],
    ["[0,11,0]", [0, 11]],
    ['["template1",2,null,[3],1.5]', ["template1", 2]],
  ])("gives the credentials of %p as %p", (text, list) => {
    const user = imported(text);
    expect(spellHrisUser(user).enrolled_backups).toEqual(list);
    expect(spellUser(user).biometric_enabled).toBe(list.length > 0);
  });
});
