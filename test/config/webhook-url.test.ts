/**
 * Aim: private addresses may be sent to; those that reach the machine's host, or this server itself,
 * may not, however they are written.
 */

import { describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { checkWebhookUrl, isLinkLocal } from "#config/webhook-url.ts";

const OWN = { serverPort: 7005, webPort: 5050 };

describe("checkWebhookUrl()", () => {
  test.each([
    ["http://192.168.1.20/hook", "http://192.168.1.20/hook"],
    ["https://HRIS.example/hook?key=1", "https://hris.example/hook?key=1"],
    ["http://10.0.0.1:5050/", "http://10.0.0.1:5050/"],
    ["http://127.0.0.1:8000/", "http://127.0.0.1:8000/"],
    ["http://[fd00::1]/", "http://[fd00::1]/"],
    [
      "http://localhost:5050/api/webhook-receiver/biometric",
      "http://localhost:5050/api/webhook-receiver/biometric",
    ],
  ])("takes %s", (text, href) => {
    expect(checkWebhookUrl(text, OWN)).toEqual({ ok: true, value: href });
  });

  test.each([
    ["ftp://hris.example/"],
    ["hris.example/hook"],
    ["http://169.254.169.254/latest"],
    ["http://2852039166/"],
    ["http://[fe80::1]/"],
    ["http://[::ffff:169.254.1.1]/"],
    ["http://[::169.254.169.254]/"],
    ["http://[::ffff:0:169.254.169.254]/"],
    ["http://[64:ff9b::169.254.169.254]/"],
    ["http://[64:ff9b:1::a9fe:a9fe]/"],
    ["http://169.254.169.254./"],
    ["http://0xa9.0376.43518/"],
    ["http://\uff11\uff16\uff19\u3002254\u3002169\u3002254/"],
  ])("refuses %s as no address to send to", (text) => {
    expect(checkWebhookUrl(text, OWN)).toMatchObject({ error: { code: "no-address" } });
  });

  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);
  test.each([
    "localhost",
    "localhost.",
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:0.0.0.0]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "hris.localhost",
    "hris.localhost.",
    ...own,
    ...own.map((address) => `[::ffff:${address}]`),
  ])("refuses the ports of this server at %s", (host) => {
    for (const port of [7005, 5050]) {
      expect(checkWebhookUrl(`http://${host}:${port}/hook`, OWN)).toMatchObject({
        error: { code: "own-port", message: expect.stringContaining("this server itself") },
      });
    }
    expect(checkWebhookUrl(`http://${host}:5051/hook`, OWN)).toMatchObject({ ok: true });
  });

  test("refuses the receiver for trials by TLS and on the terminals' port", () => {
    for (const place of ["https://localhost:5050", "http://localhost:7005"]) {
      const url = `${place}/api/webhook-receiver/biometric`;
      expect(checkWebhookUrl(url, OWN)).toMatchObject({ error: { code: "own-port" } });
    }
  });

  test("takes the receiver for trials by TLS alone, where the API speaks that", () => {
    const own = { ...OWN, tlsCertFile: "/etc/biometric-server/box.pem" };
    const place = "localhost:5050/api/webhook-receiver/biometric";
    expect(checkWebhookUrl(`https://${place}`, own)).toMatchObject({ ok: true });
    expect(checkWebhookUrl(`http://${place}`, own)).toMatchObject({ error: { code: "own-port" } });
  });

  test("refuses the terminals' port with TLS, where there is one", () => {
    const url = "https://localhost:7443/hook";
    expect(checkWebhookUrl(url, OWN).ok).toBe(true);
    expect(checkWebhookUrl(url, { ...OWN, serverTlsPort: 7443 }).ok).toBe(false);
  });

  test("knows the ports that a scheme implies", () => {
    expect(checkWebhookUrl("https://localhost/", { ...OWN, webPort: 443 }).ok).toBe(false);
    expect(checkWebhookUrl("http://localhost/", { ...OWN, webPort: 80 }).ok).toBe(false);
    expect(checkWebhookUrl("http://localhost/", { ...OWN, webPort: 443 }).ok).toBe(true);
  });
});

test.each([
  ["169.254.0.1", true],
  ["fe80::1", true],
  ["FEBF::1", true],
  ["::ffff:169.254.1.1", true],
  ["::ffff:a9fe:101", true],
  ["64:ff9b::a9fe:101", true],
  ["fe80::1%eth0", true],
  ["[fe80::1]", true],
  ["169.253.0.1", false],
  ["fec0::1", false],
  ["192.168.0.1", false],
  ["169.254.example", false],
])("isLinkLocal() of %s is %p", (address, expected) => {
  expect(isLinkLocal(address)).toBe(expected);
});
