/** Aim: the server's own certificate is named before and after its end, and when it is of no use. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { checkOwnCertificate } from "#cli/doctor/check-own-certificate.ts";

const TLS = join(import.meta.dir, "../../fixtures/tls");
/** `expired.pem` is valid up to this. */
const END_MS = Date.UTC(2021, 0, 1);
const DAY_MS = 86_400_000;

function check(name: string, nowMs: number, tlsKeyFile = join(TLS, "key.pem")) {
  const config = { tlsCertFile: join(TLS, `${name}.pem`), tlsKeyFile };
  return checkOwnCertificate(config, { isService: true, nowMs: epochMs(nowMs) });
}

test("checkOwnCertificate() looks at how long it is valid", async () => {
  const fix = expect.stringContaining("then: systemctl restart biometric-server");
  expect(await check("expired", END_MS - 15 * DAY_MS)).toMatchObject([{ state: "ok" }]);
  expect(await check("expired", END_MS - 13 * DAY_MS)).toMatchObject([{ state: "warning", fix }]);
  expect(await check("expired", END_MS + 3 * DAY_MS)).toMatchObject([
    { state: "fault", found: expect.stringContaining("expired 3 days ago"), fix },
  ]);
});

test("checkOwnCertificate() names files that cannot be used, and is content with none", async () => {
  expect(await check("missing", END_MS)).toMatchObject([
    { state: "fault", fix: expect.stringContaining("openssl x509") },
  ]);
  const wrongKey = join(TLS, "certificate.pem");
  expect(await check("certificate", END_MS, wrongKey)).toMatchObject([
    { state: "fault", fix: expect.stringContaining("openssl pkey") },
  ]);
  const none = { tlsCertFile: undefined, tlsKeyFile: undefined };
  expect(await checkOwnCertificate(none, { isService: true, nowMs: epochMs(0) })).toEqual([]);
});
