/**
 * Aim: every way the command line can end has its exit code and its words.
 */

import { describe, expect, test } from "bun:test";
import { EXIT_CODES, runCli } from "#cli/run.ts";
import { VERSION } from "#platform/version.ts";

/** Runs the command line with variables, and keeps what it prints. */
async function run(
  argv: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly out: string; readonly error: string }> {
  let out = "";
  let error = "";
  const code = await runCli(argv, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    isTerminal: false,
    isJournal: false,
    variables,
    programName: "biometric-server",
    stopRequested: () => Promise.resolve("SIGTERM"),
    onReloadRequested: () => undefined,
  });
  return { code, out, error };
}

describe("usage", () => {
  test("runCli() without a verb shows the verbs and ends with 2", async () => {
    const { code, out, error } = await run([]);
    expect(code).toBe(EXIT_CODES.usage);
    expect(out).toBe("");
    for (const verb of ["serve", "devices", "simulate", "config", "version"]) {
      expect(error).toContain(`  ${verb} `);
    }
  });

  test("runCli() names the verb that was probably meant and ends with 2", async () => {
    const { code, error } = await run(["simulat"]);
    expect(code).toBe(EXIT_CODES.usage);
    expect(error).toStartWith("error: unknown command 'simulat'\n(Did you mean simulate?)\n");
    expect(error).toContain('Run "biometric-server --help"');
  });

  test("runCli() ends with 2 on an option that does not exist, or lacks its value", async () => {
    const unknown = await run(["devices", "list", "--jsn"]);
    expect(unknown.code).toBe(EXIT_CODES.usage);
    expect(unknown.error).toContain("(Did you mean --json?)");
    expect(unknown.error).toContain('Run "biometric-server devices list --help"');
    expect((await run(["serve", "--settings"])).code).toBe(EXIT_CODES.usage);
    expect((await run(["devices", "approve"])).code).toBe(EXIT_CODES.usage);
    expect((await run(["simulate", "--port", "x"])).code).toBe(EXIT_CODES.usage);
  });

  for (const argv of [["--help"], ["help"], ["serve", "--help"], ["devices", "list", "--help"]]) {
    test(`runCli() prints the help of "${argv.join(" ")}" to standard output`, async () => {
      const { code, out, error } = await run(argv);
      expect([code, error]).toEqual([EXIT_CODES.done, ""]);
      expect(out).toStartWith("Usage: biometric-server");
    });
  }

  for (const verb of ["serve", "devices", "simulate", "config", "version"]) {
    test(`runCli() gives an example in the help of ${verb}`, async () => {
      expect((await run([verb, "--help"])).out).toMatch(/Examples?:\n {2}/);
    });
  }
});

describe("verbs", () => {
  test("version prints one line, or JSON", async () => {
    expect((await run(["version"])).out).toStartWith(`biometric-server ${VERSION} (`);
    expect((await run(["--version"])).out).toBe((await run(["version"])).out);
    expect(JSON.parse((await run(["version", "--json"])).out)).toMatchObject({ version: VERSION });
  });

  test("config check tells what is set, without secrets", async () => {
    const { code, out } = await run(["config", "check"], {
      DATA_DIR: "/srv/x",
      HRIS_API_SECRET_KEY: "hunter2",
    });
    expect(code).toBe(EXIT_CODES.done);
    expect(out).toContain("DATA_DIR=/srv/x (environment)\n");
    expect(out).toContain("HRIS_API_SECRET_KEY=(secret) (environment)\n");
    expect(out).not.toContain("hunter2");
  });

  test.each([
    ["BIOMETRIC_WEBHOOK_CA_FILE", { BIOMETRIC_WEBHOOK_CA_FILE: "/nowhere.pem" }],
    ["TLS_CERT_FILE", { TLS_CERT_FILE: "/nowhere.pem", TLS_KEY_FILE: "/nowhere.pem" }],
  ])("config check looks into the file of %s, as a start does", async (name, variables) => {
    const { code, out, error } = await run(["config", "check"], variables);
    expect(code).toBe(EXIT_CODES.configuration);
    expect(out).toBe("");
    expect(error).toStartWith(`error: Cannot use "/nowhere.pem" of ${name}: ENOENT`);
  });

  for (const verb of [["config", "check"], ["serve"], ["devices", "list"]]) {
    test(`"${verb.join(" ")}" tells every problem of the settings and ends with 78`, async () => {
      const { code, out, error } = await run(verb, { WEB_PORT: "x", LOG_LEVEL: "loud" });
      expect(code).toBe(EXIT_CODES.configuration);
      expect(out).toBe("");
      expect(error).toBe(
        [
          "error: The settings have 2 problems",
          '  "x" for WEB_PORT cannot be used: wanted is an integer from 0 to 65535',
          '  "loud" for LOG_LEVEL cannot be used: wanted is one of "error", "warn", "info", "debug"',
          "hint: Correct the settings, then look again with: biometric-server config check",
          "",
        ].join("\n"),
      );
    });
  }

  test("devices list says what to do when no server answers, and ends with 1", async () => {
    const { code, error } = await run(["devices", "list"], { DATA_DIR: "/nowhere/data" });
    expect(code).toBe(EXIT_CODES.failed);
    expect(error).toStartWith(
      'error: Cannot reach the server on "/nowhere/data/control.sock": it must be running\nhint: ',
    );
  });
});
