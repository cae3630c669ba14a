/**
 * Aim: a site's own authorities are taken beside the well-known ones, and a file that cannot be used
 * says why.
 */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAuthorities } from "#config/ca-file.ts";

const FIXTURE = join(import.meta.dir, "../fixtures/tls/certificate.pem");
const folder = mkdtempSync(join(tmpdir(), "biometric-ca-"));

afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("loadAuthorities()", () => {
  test("adds the file's certificates to the well-known ones", async () => {
    const certificate = readFileSync(FIXTURE, "utf8");
    const path = write("two.pem", `# our own\n${certificate}\nsubject=x\n${certificate}`);
    const authorities = (await loadAuthorities(path)) ?? [];
    expect(authorities.slice(-2)).toEqual([certificate.trim(), certificate.trim()]);
    expect(authorities.length).toBeGreaterThan(50);
  });

  test("is undefined without a file", async () => {
    expect(await loadAuthorities(undefined)).toBeUndefined();
  });

  test.each([
    ["missing.pem", undefined, "ENOENT"],
    ["empty.pem", "", "it holds no certificate"],
    ["key.pem", "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----", "no certificate"],
    [
      "broken.pem",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
      "its certificate 1 is broken",
    ],
  ])("refuses %s as wrong settings, and says why", async (name, text, problem) => {
    const path = text === undefined ? join(folder, name) : write(name, text);
    expect(loadAuthorities(path)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining(problem),
      hint: expect.stringContaining(path),
    });
  });
});
