/**
 * Aim: the verb `deliveries` shows what was sent to whom and sends once more what is selected, however
 * much that is, and of the receiver that is meant.
 */

import { expect, test } from "bun:test";
import { addedEndpoint, endedTry } from "../support/endpoint-values.ts";
import { outboxOf, punchesFrom, rawPunch } from "../support/test-storage.ts";
import { WebhookControl } from "../support/webhook-control.ts";

/** Four messages for the receiver of the settings, of which two are parked. */
async function startWithMessages(): Promise<WebhookControl> {
  const control = await new WebhookControl().start();
  const { storage } = control;
  const users = ["1", "2", "3", "4"].map((user) => rawPunch(user, "20260302081504"));
  await storage.append([punchesFrom("GATE1", users)]);
  await outboxOf(storage).recordAttempts([
    { ...endedTry(1), kind: "delivered", httpStatus: 200, replyText: "thanks" },
    { ...endedTry(2), kind: "parked", httpStatus: 422, replyText: "no such person" },
    { ...endedTry(3), kind: "parked", httpStatus: 422 },
  ]);
  return control;
}

const cells = (out: string) => out.split("\n").map((line) => line.split(/ {2,}/));

test("deliveries list shows messages, newest first, of one receiver", async () => {
  await using control = await startWithMessages();
  const listed = await control.run("deliveries", "list", "--status", "parked", "--limit", "1");
  expect(cells(listed.out)).toEqual([
    ["ID", "TYPE", "TERMINAL", "PUNCH", "STATUS", "REFUSED", "LAST TRY", "ANSWER"],
    ["3", "punch.created", "GATE1", "1000003", "parked", "1", "2026-03-02T09:00:00+08:00", "422"],
    [expect.stringMatching(/^More: --after \S+$/)],
    [""],
  ]);
  const after = listed.out.trim().split(" ").at(-1) ?? "";
  const rest = await control.run("deliveries", "list", "--status", "parked", "--after", after);
  expect(cells(rest.out)[1]?.[0]).toBe("2");
  const json = await control.run("deliveries", "list", "--json");
  expect(JSON.parse(json.out).deliveries).toHaveLength(4);
  const none = await control.run("deliveries", "list", "--device", "GATE2");
  expect(none).toMatchObject({ code: 0, out: "There is no such message\n" });
});

test("deliveries list wants to know which receiver is meant, where there are several", async () => {
  await using control = await startWithMessages();
  await addedEndpoint(control.storage);
  const asked = await control.run("deliveries", "list");
  expect(asked.code).toBe(1);
  expect(asked.error).toContain("Say which webhook: settings, payroll");
  const named = await control.run("deliveries", "list", "--webhook", "payroll");
  expect(named.out).toBe("There is no such message\n");
  const unknown = await control.run("deliveries", "list", "--webhook", "hr");
  expect(unknown.error).toContain("No webhook has this name");
});

test("deliveries show tells of the tries and the body, whatever the receiver is", async () => {
  await using control = await startWithMessages();
  await addedEndpoint(control.storage);
  const { out } = await control.run("deliveries", "show", "2");
  expect(out).toContain("Webhook   settings\n");
  expect(out).toContain("2026-03-02T09:00:00+08:00  refused  422  12 ms  -  no such person\n");
  expect(out).toEndWith("\n{}\n");
  const waiting = await control.run("deliveries", "show", "4");
  expect(waiting.out).toContain("It was not tried yet\n\nNo body is kept\n");
  const json = JSON.parse((await control.run("deliveries", "show", "1", "--json")).out);
  expect(json).toMatchObject({ id: 1, webhook: "settings", status: "delivered" });
  const unknown = await control.run("deliveries", "show", "99");
  expect(unknown).toMatchObject({ code: 1, out: "" });
  expect(unknown.error).toContain('Cannot show message "99": No message has this number');
});

test("deliveries redeliver sends some, a range, or all since a time", async () => {
  await using control = await startWithMessages();
  await addedEndpoint(control.storage);
  // Of the receiver of the first.
  const some = await control.run("deliveries", "redeliver", "1", "4");
  expect(some.out).toBe("1 message is sent once more; 1 waits already or is superseded\n");
  const own = ["--webhook", "settings"];
  const range = await control.run("deliveries", "redeliver", "--from", "2", "--to", "2", ...own);
  expect(range.out).toBe("1 message is sent once more\n");
  const since = ["--since", "2026-03-02T00:00:00Z", ...own, "--json"];
  expect(JSON.parse((await control.run("deliveries", "redeliver", ...since)).out)).toEqual({
    requeued_count: 1,
    superseded_count: 0,
    unchanged_count: 3,
    unknown_count: 0,
  });
  expect(control.dispatchers.requeued.map(([, count]) => count)).toEqual([1, 1, 1]);
  for (const choice of [[], ["--from", "2"], ["--to", "2"], ["2", "--since", "2026-03-02"]]) {
    const unclear = await control.run("deliveries", "redeliver", ...choice, ...own);
    expect(unclear).toMatchObject({ code: 2, out: "" });
    expect(unclear.error).toContain("Say which messages: ids, --from with --to, or --since");
  }
  expect((await control.run("deliveries", "redeliver", "x")).code).toBe(2);
  expect((await control.run("deliveries", "redeliver", "77")).code).toBe(1);
});

test("deliveries redeliver tells of ids that are no messages of the receiver", async () => {
  await using control = await startWithMessages();
  await addedEndpoint(control.storage);
  const some = await control.run("deliveries", "redeliver", "1", "77", "78");
  expect(some).toMatchObject({
    code: 1,
    out: "1 message is sent once more; 2 are no messages of settings\n",
  });
});

test("deliveries retry-parked goes through everything that is parked", async () => {
  await using control = await startWithMessages();
  expect(await control.run("deliveries", "retry-parked")).toEqual({
    code: 0,
    out: "2 messages are sent once more\n",
    error: "",
  });
  const again = await control.run("deliveries", "retry-parked");
  expect(again).toMatchObject({ code: 0, out: "0 messages are sent once more\n" });
});
