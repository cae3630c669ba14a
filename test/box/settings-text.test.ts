/** Aim: what is taken of another server's settings is read back as it was, and nothing else is taken. */

import { describe, expect, test } from "bun:test";
import { knownSettings, newSettingsText, takenSettingsText } from "#box/settings-text.ts";
import { parseEnvironmentFile } from "#config/environment-file.ts";

function readBack(text: string): Readonly<Record<string, string>> {
  const parsed = parseEnvironmentFile(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return Object.fromEntries(parsed.value.map(({ name, value }) => [name, value]));
}

describe("takenSettingsText()", () => {
  test("keeps every value byte for byte", () => {
    const values = {
      WEB_PORT: "5051",
      HRIS_API_SECRET_KEY: ` a # b $c "d" 'e' \\ \`f\` `,
      BIOMETRIC_WEBHOOK_URL: "http://hris.test/punches?key=1&x=2",
    };
    expect(readBack(takenSettingsText(values, "/srv/old/.env"))).toEqual(values);
  });
});

describe("knownSettings()", () => {
  test("takes what counts here, and never the place of the data", () => {
    const values = {
      WEB_PORT: "5051",
      DATA_DIR: "/srv/old",
      PATH: "/bin",
      LOG_FILE: "x",
      SERVER_HOST: "",
    };
    expect(knownSettings(values)).toEqual({ WEB_PORT: "5051" });
  });
});

describe("newSettingsText()", () => {
  test("has both secrets, or none where the data have them", () => {
    expect(readBack(newSettingsText({ client: "c1", webhook: "w1" }))).toEqual({
      HRIS_API_SECRET_KEY: "c1",
      BIOMETRIC_WEBHOOK_SECRET: "w1",
    });
    expect(readBack(newSettingsText(undefined))).toEqual({});
  });
});
