/**
 * Aim: the verb `device-card` prints, with no server there, what to type into a terminal to reach this
 * box by its settings, and helps with a brand that is not spelled as it is known.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BRANDS } from "#cli/brands.ts";
import { runVerb } from "../support/run-verb.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const SITE = "SERVER_HOST=192.0.2.20\nSERVER_PORT=7105\n";

/** Runs the verb with these settings in a file. */
async function run(settings: string, ...argv: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "device-card-"));
  folders.push(folder);
  const file = join(folder, "site.env");
  await Bun.write(file, settings);
  return runVerb(folder, "device-card", ...argv, "--settings", file);
}

describe("device-card", () => {
  test("prints the card of a brand with the address and the port of the settings", async () => {
    const { code, out, error } = await run(SITE, "m68");
    expect([code, error]).toEqual([0, ""]);
    expect(out).toStartWith(`WitEasy M68: FKWeb (HTTP push)
Seen on hardware.

Network > Server Set
  DNS         No
  Server IP   192.0.2.20
  SerPortNo   7105
  Server Req  Yes

Network > Net Mode
  Net Mode  Internet

When it does not come
`);
    expect(out).toContain("TCP port 7105");
    expect(out).toContain("biometric-server devices approve ID");
    expect(out).not.toContain("BRAND");
  });

  test("prints what holds for all, and the brands, where none is named", async () => {
    const { code, out } = await run(`${SITE}DEVICE_ENROLLMENT=open\n`);
    expect(code).toBe(0);
    expect(out).toContain("  Server IP                     192.0.2.20\n");
    expect(out).toContain("It is taken into use at its first contact. See it with");
    for (const { name, title } of BRANDS) expect(out).toContain(name === "other" ? title : name);
  });

  test("--json prints the same for a program", async () => {
    const { code, out } = await run(SITE, "r6", "--json");
    expect(code).toBe(0);
    const card = JSON.parse(out);
    expect(card).toMatchObject({ brand: "r6", addresses: ["192.0.2.20"], port: 7105 });
    expect(card.steps[0].fields).toContainEqual({ label: "Push Server IP", value: "192.0.2.20" });
    expect(card.checks.length).toBeGreaterThan(3);
    expect(card.brands).toHaveLength(BRANDS.length);
  });

  test("--json knows no port where any free one is taken", async () => {
    expect(JSON.parse((await run("SERVER_PORT=0", "--json")).out).port).toBeNull();
  });

  test("names the brand that was probably meant, and all there are", async () => {
    const { code, out, error } = await run(SITE, "rebo");
    expect([code, out]).toEqual([2, ""]);
    expect(error).toBe(`error: Cannot find brand "rebo": no such brand, model or maker
hint: Did you mean "revo"? There are: ${BRANDS.map(({ name }) => name).join(", ")}
`);
  });

  test("names those of a maker of several", async () => {
    const { code, error } = await run(SITE, "biomax");
    expect(code).toBe(2);
    expect(error).toContain("hint: Name one of: bm70w, r6\n");
  });

  test("ends with 78 where the settings are wrong", async () => {
    expect((await run("SERVER_PORT=x", "revo")).code).toBe(78);
  });
});
