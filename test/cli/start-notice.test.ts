/**
 * Aim: a first start tells in at most 15 lines all that an installer needs, and no secret.
 */

import { describe, expect, test } from "bun:test";
import { type StartFacts, startNotice } from "#cli/start-notice.ts";

const FACTS: StartFacts = {
  isFirstStart: true,
  version: "0.1.0",
  programName: "biometric-server",
  dataDir: "/srv/data",
  clientSecretPath: "/srv/data/secrets/hris-api-secret-key",
  terminalAddresses: ["192.168.1.20", "10.0.0.5"],
  terminalPort: 7005,
  webAddresses: ["192.168.1.20", "10.0.0.5"],
  webPort: 5050,
  webScheme: "http",
  pairingMinutes: 60,
  enrollment: "approve",
};

describe("a first start", () => {
  test("startNotice() tells places, what to type, how to get a token and what to try", () => {
    expect(startNotice(FACTS)).toEqual([
      "biometric-server 0.1.0 is ready for the first time",
      "Made:      /srv/data with biometric.db and secrets/ (keep both together)",
      "Terminals: 192.168.1.20, 10.0.0.5 port 7005",
      "API:       http://192.168.1.20:5050, http://10.0.0.5:5050 (documentation: /swagger)",
      "Type into each terminal:",
      "  server address 192.168.1.20, port 7005, mode Internet (HTTP push), no HTTPS, no domain name",
      "  brand by brand: biometric-server device-card",
      "  new ones are approved at once for 60 minutes, later with: biometric-server devices approve ID",
      "Get a token for the HRIS, as the owner of the data or as root:",
      `  curl -s http://192.168.1.20:5050/api/auth/token -H 'Content-Type: application/json' -d "{\\"client_id\\":\\"hris_system\\",\\"client_secret\\":\\"$(cat /srv/data/secrets/hris-api-secret-key)\\"}"`,
      "Try it without a terminal:",
      "  biometric-server simulate --port 7005 --terminals 2 --punches 3",
      "  biometric-server devices list",
    ]);
  });

  test("startNotice() stays within 15 lines however it is set up", () => {
    for (const enrollment of ["approve", "open"] as const) {
      for (const pairingMinutes of [0, 60]) {
        const lines = startNotice({ ...FACTS, enrollment, pairingMinutes });
        expect(lines.length).toBeLessThanOrEqual(15);
        for (const line of lines) expect(line).not.toMatch(/\n|undefined/);
      }
    }
  });

  test("startNotice() prints a token command that a shell runs, with any path", async () => {
    const path = "/srv/it's a folder/key";
    const line = startNotice({ ...FACTS, clientSecretPath: path }).find((each) =>
      each.includes("curl"),
    );
    // A curl and a cat of our own show what the shell makes of the line.
    const script = `curl() { printf '%s\\n' "$@"; }; cat() { printf 'secret of %s' "$1"; }\n${line}`;
    const shell = Bun.spawn(["sh", "-c", script], { stdout: "pipe" });
    expect((await new Response(shell.stdout).text()).split("\n")).toEqual([
      "-s",
      "http://192.168.1.20:5050/api/auth/token",
      "-H",
      "Content-Type: application/json",
      "-d",
      `{"client_id":"hris_system","client_secret":"secret of ${path}"}`,
      "",
    ]);
  });

  test("startNotice() tells HTTPS, and the port of terminals with TLS", () => {
    const text = startNotice({ ...FACTS, webScheme: "https", terminalTlsPort: 7443 }).join("\n");
    expect(text).toContain("port 7005, with TLS port 7443\n");
    expect(text).toContain("https://192.168.1.20:5050, https://10.0.0.5:5050 ");
    expect(text).toContain("curl -sk https://192.168.1.20:5050/api/auth/token ");
    expect(text).not.toContain("http://");
  });

  test("startNotice() points at the variable when a setting gives the secret", () => {
    const text = startNotice({ ...FACTS, clientSecretPath: undefined }).join("\n");
    expect(text).toContain('\\"client_secret\\":\\"$HRIS_API_SECRET_KEY\\"');
  });

  test("startNotice() does without other machines", () => {
    const text = startNotice({ ...FACTS, terminalAddresses: [], webAddresses: ["::1"] }).join("\n");
    expect(text).toContain("Terminals: 127.0.0.1 port 7005\n");
    expect(text).toContain("API:       http://[::1]:5050 (documentation");
  });
});

test("startNotice() tells a later start in 3 lines", () => {
  expect(startNotice({ ...FACTS, isFirstStart: false })).toEqual([
    "biometric-server 0.1.0 is ready, data in /srv/data",
    "Terminals: 192.168.1.20, 10.0.0.5 port 7005",
    "API:       http://192.168.1.20:5050, http://10.0.0.5:5050 (documentation: /swagger)",
  ]);
});
