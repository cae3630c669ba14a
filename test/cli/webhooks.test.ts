/**
 * Aim: the verb `webhooks` does what it is asked, prints a secret once and alone, and tells what is
 * refused and why.
 */

import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { endpointId } from "#domain/webhook-endpoint.ts";
import { NO_FIGURES } from "../support/test-desk.ts";
import { punchesFrom, rawPunch } from "../support/test-storage.ts";
import { WebhookControl } from "../support/webhook-control.ts";

const ADD = ["webhooks", "add", "payroll", "https://payroll.example/in?key=s3cret"] as const;

describe("webhooks add", () => {
  test("prints the secret in its two forms on standard output, and only this once", async () => {
    await using control = await new WebhookControl().start();
    const added = await control.run(...ADD);
    expect(added).toMatchObject({ code: 0, error: expect.stringContaining("payroll is added.") });
    const [secret = "", standard = "", rest] = added.out.split("\n");
    expect(rest).toBe("");
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const at = new Date(0);
    expect(new Webhook(standard).sign("id", at, "{}")).toBe(
      new Webhook(secret, { format: "raw" }).sign("id", at, "{}"),
    );
    for (const shown of [
      await control.run("webhooks", "list"),
      await control.run("webhooks", "list", "--json"),
      await control.run("webhooks", "edit", "payroll", "--types", "punch.created", "--json"),
    ]) {
      expect(shown.out).toContain("payroll");
      expect(shown.out).not.toContain(secret);
      expect(shown.out).not.toContain("s3cret");
    }
    expect(JSON.stringify(control.log.lines)).not.toContain(secret);
    expect(control.log.of("webhook.added")[0]?.fields).toMatchObject({ by: "operator" });
  });

  test("takes format, types, terminals and start", async () => {
    await using control = await new WebhookControl().start();
    await control.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302080000")])]);
    const options = ["--format", "event", "--types", "punch.created", "--devices", "GATE1,GATE2"];
    const added = await control.run(...ADD, ...options, "--start", "everything", "--json");
    expect(JSON.parse(added.out)).toMatchObject({
      id: 2,
      format: "event",
      types: ["punch.created"],
      devices: ["GATE1", "GATE2"],
      state: "filling",
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("tells what is wrong", async () => {
    await using control = await new WebhookControl().start();
    const own = await control.run("webhooks", "add", "x", "http://127.0.0.1:7005/");
    expect(own).toMatchObject({ code: 1, out: "" });
    expect(own.error).toContain('Cannot add "x": Field "url" cannot be used: it is a port of this');
    await control.run(...ADD);
    expect((await control.run(...ADD)).error).toContain("Another webhook has this name");
    expect((await control.run("webhooks", "add", "x")).code).toBe(2);
  });
});

test("webhooks list shows how each of them is", async () => {
  await using control = await new WebhookControl().start();
  await control.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302080000")])]);
  await control.run(...ADD, "--devices", "GATE9");
  control.dispatchers.figures.set(endpointId(1), {
    ...NO_FIGURES,
    state: "paused",
    nextProbeInMs: 90_000,
    lastResult: "status 503",
  });
  const lines = (await control.run("webhooks", "list")).out.split("\n");
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["NAME", "STATE", "WAITING", "PARKED", "FORMAT", "TELLS", "URL", "LAST RESULT"],
    [
      "settings",
      "PAUSED, tried again in 90 s",
      "1",
      "0",
      "logs",
      "all",
      "http://hris.test/punches",
      "status 503",
    ],
    [
      "payroll",
      "active",
      "0",
      "0",
      "standard",
      "all of GATE9",
      "https://payroll.example/in?***",
      "-",
    ],
    [""],
  ]);
});

test("webhooks list counts terminals and types where they are many", async () => {
  await using control = await new WebhookControl().start();
  const types = ["punch.created", "device.offline", "device.online"];
  await control.run(...ADD, "--types", types.join(), "--devices", "GATE1,GATE2,GATE3");
  const other = ["webhooks", "add", "hr", "http://10.0.0.7/in"];
  await control.run(...other, "--types", types.slice(1).join());
  const { out } = await control.run("webhooks", "list");
  expect(out).toContain("  3 types of 3 terminals  ");
  expect(out).toContain("  device.online,device.offline  ");
});

describe("webhooks edit, enable and disable", () => {
  test("change one receiver, and delivery follows", async () => {
    await using control = await new WebhookControl().start();
    await control.run(...ADD, "--devices", "GATE1");
    const edit = ["edit", "payroll", "--url", "http://10.0.0.7/in", "--devices", "all"];
    expect(await control.run("webhooks", ...edit)).toEqual({
      code: 0,
      out: "payroll is changed\n",
      error: "",
    });
    expect((await control.run("webhooks", "disable", "payroll")).out).toBe("payroll is disabled\n");
    expect((await control.storage.listEndpoints())[1]).toMatchObject({
      url: "http://10.0.0.7/in",
      deviceIds: undefined,
      isEnabled: false,
    });
    expect((await control.run("webhooks", "enable", "payroll")).out).toBe("payroll is enabled\n");
    expect((await control.storage.listEndpoints())[1]).toMatchObject({ isEnabled: true });
    expect(control.dispatchers.refreshCount).toBe(4);
  });

  test("refuse what is nothing, unknown, or in the settings' hands", async () => {
    await using control = await new WebhookControl().start();
    expect(await control.run("webhooks", "edit", "settings")).toMatchObject({ code: 2 });
    const settings = await control.run("webhooks", "disable", "settings");
    expect(settings.code).toBe(1);
    expect(settings.error).toContain("change BIOMETRIC_WEBHOOK_ENABLED there, and reload");
    const unknown = await control.run("webhooks", "enable", "payrol");
    expect(unknown.error).toContain("No webhook has this name");
  });
});

describe("webhooks rotate-secret", () => {
  test("prints the new secret, and until when the one before signs", async () => {
    await using control = await new WebhookControl().start();
    const before = (await control.run(...ADD)).out;
    const rotated = await control.run("webhooks", "rotate-secret", "payroll", "--overlap", "48");
    expect(rotated.code).toBe(0);
    expect(rotated.error).toContain("the one before signs until 2026-03-04T08:15:04+08:00");
    expect(rotated.out).not.toBe(before);
    const again = await control.run("webhooks", "rotate-secret", "payroll");
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.error).toContain("The secret before the present one still signs");
    const atOnce = await control.run("webhooks", "rotate-secret", "payroll", "--overlap", "0");
    expect(atOnce.error).toContain("no earlier secret signs any more");
    expect((await control.storage.listEndpoints())[1]).toMatchObject({
      secret: atOnce.out.split("\n")[0],
      previousSecret: undefined,
    });
  });
});

test("webhooks test tells what the receiver answers, and ends with 1 where it does not take it", async () => {
  await using control = await new WebhookControl().start();
  let status = 200;
  const receiver = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("thank\u001byou\n", { status }),
  });
  try {
    await control.run("webhooks", "add", "local", `http://127.0.0.1:${receiver.port}/in`);
    const taken = await control.run("webhooks", "test", "local");
    expect(taken).toEqual({ code: 0, out: "local took it: 200 thank you\n", error: "" });
    status = 401;
    const refused = await control.run("webhooks", "test", "local");
    expect(refused).toMatchObject({ code: 1, out: "local did NOT take it: 401 thank you\n" });
  } finally {
    await receiver.stop(true);
  }
  const gone = await control.run("webhooks", "test", "local", "--json");
  expect(gone.code).toBe(1);
  expect(JSON.parse(gone.out)).toMatchObject({ delivered: false, http_status: null });
});

test("webhooks remove takes a receiver out", async () => {
  await using control = await new WebhookControl().start();
  await control.run(...ADD);
  const removed = await control.run("webhooks", "remove", "payroll");
  expect(removed).toEqual({ code: 0, out: "payroll is removed\n", error: "" });
  expect(await control.storage.listEndpoints()).toHaveLength(1);
  expect((await control.run("webhooks", "remove", "payroll")).code).toBe(1);
});
