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
      time_zone: null,
      direction: null,
      direction_codes: null,
      start_date: "2026-01-26",
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
    expect(fixture.wakes).toBe(1);
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
    expect(fixture.wakes).toBe(0);
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
    expect(fixture.wakes).toBe(0);
  });

  test.each([
    ["rename?id=1&name=%20", "Name is empty"],
    ["rename?id=1&name=a%1Bb", "Name holds control characters"],
    [`rename?id=1&name=${"x".repeat(101)}`, "Name has 101 characters, at most 100 are accepted"],
    ["rename?id=1", 'Query parameter "name" is missing'],
    ["approve?id=1&since=yesterday", '"yesterday" is no date: wanted is a day such as 2026-03-02'],
    ["approve?id=1&since=2026-02-30", '"2026-02-30" is no date'],
    ["zone?id=1", 'Query parameter "zone" is missing'],
    ["zone?id=1&zone=%2B08:00", '"+08:00" is no time zone'],
    ["zone?id=1&zone=Asia/Atlantis", '"Asia/Atlantis" is no time zone'],
    ["direction?id=1&direction=first-last", '"first-last" is not one of alternate, device,'],
    ["direction?id=1&direction=device&codes=1%3Dup", '"1=up" says nothing of a code'],
    ["direction?id=1&direction=device&codes=1%3Din,1%3Dout", "Code 1 is given more than once"],
    ["send-history?id=1&from=0", '"0" is no date'],
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

  test("approves with a start date of the terminal's own calendar", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(
      sampleDevice("1", { status: "pending" }),
      sampleDevice("2", { status: "pending", timeZone: "Europe/Berlin" }),
    );
    const path = temporaryPath();
    await fixture.start(path);
    for (const id of ["1", "2"]) {
      const answer = await ask(path, "POST", `/devices/approve?id=${id}&since=2026-03-01`);
      expect(answer.json).toEqual({ result: "done" });
    }
    const starts = fixture.storage.devices.map(({ startAtMs }) =>
      new Date(startAtMs).toISOString(),
    );
    expect(starts).toEqual(["2026-02-28T16:00:00.000Z", "2026-02-28T23:00:00.000Z"]);
    expect((await ask(path, "GET", "/devices")).json).toMatchObject({
      devices: [{ start_date: "2026-03-01" }, { start_date: "2026-03-01" }],
    });
    expect(fixture.log.of("device.approved")[0]?.fields).toEqual({
      device: "1",
      since: "2026-03-01",
    });
    expect(fixture.wakes).toBe(2);
  });

  test("sets zone and direction rule, and takes them back to the site's", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice("1"));
    const path = temporaryPath();
    await fixture.start(path);
    const change = async (query: string) => (await ask(path, "POST", `/devices/${query}`)).json;
    expect(await change("zone?id=1&zone=asia/tokyo")).toEqual({ result: "done" });
    expect(await change("direction?id=1&direction=device&codes=2%3Dout,0%3DIN")).toEqual({
      result: "done",
    });
    expect((await ask(path, "GET", "/devices")).json).toMatchObject({
      devices: [{ time_zone: "Asia/Tokyo", direction: "device", direction_codes: "0=in,2=out" }],
    });
    expect(await change("direction?id=1&direction=device")).toEqual({ result: "unchanged" });
    expect(await change("direction?id=1&direction=site&codes=library")).toEqual({ result: "done" });
    expect(await change("zone?id=1&zone=site")).toEqual({ result: "done" });
    expect(fixture.storage.devices).toEqual([sampleDevice("1")]);
    expect(fixture.log.of("device.zone-set").map((line) => line.fields)).toEqual([
      { device: "1", zone: "Asia/Tokyo" },
      { device: "1", zone: "site" },
    ]);
    expect(fixture.log.of("device.direction-set").map((line) => line.fields)).toEqual([
      { device: "1", direction: "device", codes: "0=in,2=out" },
      { device: "1", direction: "site", codes: "library" },
    ]);
  });

  test("retires a terminal", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice("1"));
    const path = temporaryPath();
    await fixture.start(path);
    const retire = async (id: string) => (await ask(path, "POST", `/devices/retire?id=${id}`)).json;
    expect(await retire("1")).toEqual({ result: "done" });
    expect(await retire("1")).toEqual({ result: "unchanged" });
    expect(await retire("2")).toEqual({ result: "unknown-device" });
    expect(fixture.log.of("device.retired").map((line) => line.fields)).toEqual([{ device: "1" }]);
    const told = { id: "1", type: "device_deleted" };
    expect(fixture.news).toEqual([told, told]);
  });

  test("gives up what was lost of a terminal", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice("1", { waitsFor: "log" }));
    const path = temporaryPath();
    await fixture.start(path);
    const giveUp = async (id: string) =>
      (await ask(path, "POST", `/devices/give-up-lost?id=${id}`)).json;
    expect(await giveUp("1")).toEqual({ result: "done" });
    expect(await giveUp("1")).toEqual({ result: "unchanged" });
    expect(await giveUp("2")).toEqual({ result: "unknown-device" });
    expect(fixture.log.of("device.lost-given-up").map(({ fields }) => fields)).toEqual([
      { device: "1" },
    ]);
  });

  test("asks for history, and wakes what sends it", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice("1"));
    const path = temporaryPath();
    await fixture.start(path);
    const send = async (query: string) =>
      (await ask(path, "POST", `/devices/send-history?${query}`)).json;
    expect(await send("id=1")).toEqual({ result: "done" });
    expect(await send("id=1&from=2026-1-5")).toEqual({ result: "done" });
    expect(await send("id=2")).toEqual({ result: "unknown-device" });
    fixture.storage.hasEndpoint = false;
    expect(await send("id=1")).toEqual({ result: "no-endpoint" });
    expect(
      fixture.storage.historyAsked.map(([id, from]) => [id as string, from as unknown]),
    ).toEqual([
      ["1", undefined],
      ["1", "2026-01-05"],
    ]);
    expect(fixture.wakes).toBe(2);
  });

  test.each(["", "?id=", "?id=1&id=2", "?id=1&force=yes", "?ID=1"])(
    "answers 400 to a change with %p, and changes nothing",
    async (query) => {
      const fixture = new ControlFixture();
      fixture.storage.devices.push(sampleDevice("1", { status: "pending" }));
      const path = temporaryPath();
      await fixture.start(path);
      for (const verb of ["approve", "block", "retire", "send-history", "give-up-lost"]) {
        expect((await ask(path, "POST", `/devices/${verb}${query}`)).status).toBe(400);
      }
      expect(fixture.storage.devices[0]?.status).toBe("pending");
    },
  );
});
