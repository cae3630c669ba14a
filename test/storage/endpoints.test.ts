/**
 * Aim: the endpoint of the settings is made, changed and switched off by them, and keeps its
 * messages all the while; each endpoint has messages of its own.
 */

import { describe, expect, test } from "bun:test";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import {
  openTestStorage,
  outboxOf,
  punchesFrom,
  rawPunch,
  SETTINGS_ENDPOINT,
} from "../support/test-storage.ts";

const punch = (wallTime: string) => punchesFrom("GATE1", [rawPunch("7", wallTime)]);

describe("listEndpoints()", () => {
  test("tells of the endpoint of the settings, with what waits for it", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punch("20260302080000"), punch("20260302090000")]);
    const endpoints = await opened.storage.listEndpoints();
    expect(endpoints).toMatchObject([
      {
        id: SETTINGS_ENDPOINT_ID,
        name: "settings",
        origin: "settings",
        url: "http://hris.test/punches",
        isEnabled: true,
        waitingCount: 2,
        parkedCount: 0,
      },
    ]);
  });

  test("is empty where the settings never made one", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    expect(await opened.storage.listEndpoints()).toEqual([]);
  });

  test("follows the settings, and what waited goes to the new address", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punch("20260302080000")]);
    await opened.reopen({ endpoint: { ...SETTINGS_ENDPOINT, url: "http://new.test/" } });
    expect(await opened.storage.listEndpoints()).toMatchObject([
      { id: SETTINGS_ENDPOINT_ID, url: "http://new.test/", waitingCount: 1 },
    ]);
  });

  test("shows it switched off without the settings: nothing new waits, and nothing is lost", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punch("20260302080000")]);
    await opened.reopen({ endpoint: undefined });
    await opened.storage.append([punch("20260302090000")]);
    expect(await opened.storage.listEndpoints()).toMatchObject([
      { isEnabled: false, waitingCount: 1 },
    ]);
    await opened.reopen();
    expect(await outboxOf(opened.storage).listDevicesWithDeliveries()).toHaveLength(1);
    expect(await opened.storage.listEndpoints()).toMatchObject([
      { isEnabled: true, waitingCount: 1 },
    ]);
  });
});
