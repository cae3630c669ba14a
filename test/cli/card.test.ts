/**
 * Aim: a card has nothing left to fill in, wherever the box is, and says what has to be mended at the
 * box first.
 */

import { describe, expect, test } from "bun:test";
import { BRANDS, type Brand } from "#cli/brands.ts";
import { type CardPlace, cardLines, fillCard } from "#cli/card.ts";

const BRAND: Brand = {
  name: "gate",
  title: "Gate 5",
  aliases: [],
  protocol: "FKWeb",
  source: "Seen.",
  steps: [
    {
      menu: "Menu > Net",
      fields: [
        { label: "Server", value: "{address}" },
        { label: "Server port", value: "{port}" },
        { label: "URL", value: "{address}:{port}" },
      ],
    },
  ],
  checks: ["Nothing else than {port}"],
};
const PLACE: CardPlace = { addresses: ["192.168.1.20"], port: 7005 };

describe("cardLines()", () => {
  test("says what to type, and what to look at", () => {
    const lines = cardLines(BRAND, PLACE);
    expect(lines.slice(0, 9)).toEqual([
      "Gate 5: FKWeb",
      "Seen.",
      "",
      "Menu > Net",
      "  Server       192.168.1.20",
      "  Server port  7005",
      "  URL          192.168.1.20:7005",
      "",
      "When it does not come",
    ]);
    expect(lines[9]).toBe("  - Nothing else than 7005");
    expect(lines.length).toBeGreaterThan(11);
  });

  test.each<[string, CardPlace, string]>([
    [
      "several addresses",
      { ...PLACE, addresses: ["192.168.1.20", "10.0.0.5"] },
      "This box is also 10.0.0.5: take the address in the network of the terminal.",
    ],
    [
      "no address",
      { ...PLACE, addresses: [] },
      "This box has no address in any network: connect it, then look here again.",
    ],
    [
      "loopback alone",
      { ...PLACE, addresses: ["127.0.0.1"] },
      "Terminals do not reach 127.0.0.1: set SERVER_HOST to 0.0.0.0 or leave it out.",
    ],
    [
      "no port of its own",
      { ...PLACE, port: undefined },
      "SERVER_PORT is 0: give it a port that stays, such as 7005.",
    ],
  ])("says what is to be known of %s", (_, place, line) => {
    expect(cardLines(BRAND, place)[2]).toBe(line);
    expect(cardLines(BRAND, PLACE)).not.toContain(line);
  });

  test("takes an address as it is", () => {
    expect(cardLines(BRAND, { ...PLACE, addresses: ["$&"] })).toContain("  URL          $&:7005");
  });
});

test.each([...BRANDS])("fillCard() leaves nothing open in the card of $name", (brand) => {
  for (const place of [PLACE, { addresses: [], port: undefined }]) {
    expect(JSON.stringify(fillCard(brand, place))).not.toMatch(/\{(?!")|undefined/);
  }
});
