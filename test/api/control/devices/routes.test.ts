/** Aim: the control socket shows and changes terminals. */

import { afterEach, describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { textField } from "../../api-fixture.ts";
import { sampleDevice } from "../../fake-storage.ts";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

describe("the terminals on the control socket", () => {
  test("lists the terminals of every status, and the pairing window", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(
      sampleDevice("2401058352", { name: "Front door", firmware: "1.0", clockSkewMs: -1500 }),
      sampleDevice("new", { status: "pending", heldCount: 4, duplicateCount: 2, refusedCount: 1 }),
    );
    fixture.storage.pairingWindowEndsAt = epochMs(Date.UTC(2026, 2, 2, 1, 0, 0));
    const path = temporaryPath();
    await fixture.start(path);
    const answer = await ask(path, "GET", "/devices");
    const common = {
      driver: "fkweb",
      last_contact_at: "2026-03-02T00:15:04.000Z",
      last_address: "192.0.2.7",
      allowed_address: null,
    };
    expect(answer.json).toEqual({
      devices: [
        {
          ...common,
          id: "2401058352",
          name: "Front door",
          status: "approved",
          held_count: 0,
          duplicate_count: 0,
          refused_count: 0,
          clock_skew_ms: -1500,
          firmware: "1.0",
        },
        {
          ...common,
          id: "new",
          name: null,
          status: "pending",
          held_count: 4,
          duplicate_count: 2,
          refused_count: 1,
          clock_skew_ms: null,
          firmware: null,
        },
      ],
      pairing_window_ends_at: "2026-03-02T01:00:00.000Z",
    });
  });

  test.each([
    "2401058352",
    ".",
    "..",
    "a/b",
    "../devices",
    "100%",
    "ÄÖ 漢字",
    "a?b#c",
    "q\"uote'",
    "a+b&c=d",
    "%2F",
    " x ",
    "id=1&id=2",
  ])("approves and blocks the terminal %p", async (id) => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice(id, { status: "pending" }));
    const path = temporaryPath();
    await fixture.start(path);
    const change = async (verb: string) =>
      (await ask(path, "POST", `/devices/${verb}?id=${encodeURIComponent(id)}`)).json;
    expect(await change("approve")).toEqual({ result: "done" });
    expect(await change("approve")).toEqual({ result: "unchanged" });
    expect(fixture.releases).toBe(1);
    expect(await change("block")).toEqual({ result: "done" });
    expect(fixture.storage.devices[0]?.status).toBe("blocked");
    const told = (status: string) => ({ id, type: "device_status_changed", status });
    expect(fixture.news).toEqual([told("allowed"), told("allowed"), told("blocked")]);
    expect(fixture.log.of("device.approved")[0]?.fields).toEqual({ device: id });
    expect(fixture.log.of("device.blocked")).toHaveLength(1);
  });

  test("says unknown-device, and releases nothing", async () => {
    const fixture = new ControlFixture();
    const path = temporaryPath();
    await fixture.start(path);
    const answer = await ask(path, "POST", "/devices/approve?id=nobody");
    expect(answer.json).toEqual({ result: "unknown-device" });
    expect(fixture.news).toEqual([]);
    expect(fixture.releases).toBe(0);
    expect(fixture.log.lines).toEqual([]);
  });

  test("tells a terminal that was never in contact, and from where one may come", async () => {
    const fixture = new ControlFixture();
    const never = { lastContactMs: undefined, lastAddress: "", allowedAddress: "10.0.0.0/8" };
    fixture.storage.devices.push(sampleDevice("1", never));
    const path = temporaryPath();
    await fixture.start(path);
    expect((await ask(path, "GET", "/devices")).json).toMatchObject({
      devices: [{ last_contact_at: null, last_address: "", allowed_address: "10.0.0.0/8" }],
    });
  });

  test("renames a terminal and says from where it may come", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice("1", { status: "pending" }));
    const path = temporaryPath();
    await fixture.start(path);
    const change = async (query: string) => (await ask(path, "POST", `/devices/${query}`)).json;
    expect(await change("rename?id=1&name=%20Gate%20%C3%91%20")).toEqual({ result: "done" });
    expect(await change("rename?id=1&name=Gate%20%C3%91")).toEqual({ result: "unchanged" });
    expect(await change("address?id=1&address=FD00%3A%3A%2F64")).toEqual({ result: "done" });
    expect(fixture.storage.devices[0]).toMatchObject({
      status: "pending",
      name: "Gate Ñ",
      allowedAddress: "fd00::/64",
    });
    expect(await change("address?id=1&address=any")).toEqual({ result: "done" });
    expect(fixture.storage.devices[0]?.allowedAddress).toBeUndefined();
    expect(fixture.news).toEqual(new Array(4).fill({ id: "1", type: "device_updated" }));
    expect(fixture.log.of("device.address-set").map((line) => line.fields)).toEqual([
      { device: "1", address: "fd00::/64" },
      { device: "1", address: "any" },
    ]);
    expect(fixture.releases).toBe(0);
  });

  test.each([
    ["rename?id=1&name=%20", "Name is empty"],
    ["rename?id=1&name=a%1Bb", "Name holds control characters"],
    [`rename?id=1&name=${"x".repeat(101)}`, "Name has 101 characters, at most 100 are accepted"],
    ["rename?id=1", 'Query parameter "name" is missing'],
    ["address?id=1", 'Query parameter "address" is missing'],
    ["address?id=1&address=gate.local", '"gate.local" is no IP address'],
    ["address?id=1&address=10.0.0.0%2F33", '"10.0.0.0/33" has no prefix from 0 to 32'],
  ])("refuses %p with a reason, and changes nothing", async (query, reason) => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice("1"));
    const path = temporaryPath();
    await fixture.start(path);
    const answer = await ask(path, "POST", `/devices/${query}`);
    expect(answer.status).toBe(400);
    expect(textField(answer.json, "message")).toStartWith(reason);
    expect(fixture.storage.devices).toEqual([sampleDevice("1")]);
  });

  test.each(["", "?id=", "?id=1&id=2", "?id=1&force=yes", "?ID=1"])(
    "answers 400 to a change with %p, and changes nothing",
    async (query) => {
      const fixture = new ControlFixture();
      fixture.storage.devices.push(sampleDevice("1", { status: "pending" }));
      const path = temporaryPath();
      await fixture.start(path);
      for (const verb of ["approve", "block"]) {
        expect((await ask(path, "POST", `/devices/${verb}${query}`)).status).toBe(400);
      }
      expect(fixture.storage.devices[0]?.status).toBe("pending");
    },
  );
});
