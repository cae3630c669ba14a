/** `GET /api/status` and `GET /api/hris/status`: how many of what, behind a token that may read. */

import { Elysia } from "elysia";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS } from "../../errors.ts";
import { spellDevice } from "../devices/spell-device.ts";
import { localIsoText } from "../iso-time.ts";
import { connectionStatus, listDevicesForHris } from "../listed-devices.ts";
import { HrisStatusAnswer, OpenStatusAnswer } from "./model.ts";

/** What the routes need. */
export interface CountRoutesOptions {
  readonly storage: Pick<Storage, "listDevices" | "listUserIds" | "figures">;
  readonly gate: BearerGateOptions;
  /** IANA zone of the times. */
  readonly siteTimeZone: string;
}

/** Both routes. */
export function countRoutes({ storage, gate, siteTimeZone }: CountRoutesOptions) {
  const { clock } = gate;
  return new Elysia({ name: "original-counts" })
    .use(bearerGate(gate, "read"))
    .get(
      "/api/status",
      async () => {
        const listed = await listDevicesForHris(storage);
        const devices = listed.map((entry) => spellDevice(entry, { clock, siteTimeZone }));
        const { punchCount } = await storage.figures();
        return { total_logs: punchCount, total_devices: devices.length, devices };
      },
      {
        response: { 200: OpenStatusAnswer, ...ORIGINAL_REFUSALS },
        detail: { tags: ["Original"], summary: "Records and terminals, for the dashboard" },
      },
    )
    .get(
      "/api/hris/status",
      async () => {
        const nowMs = clock.nowMs();
        const listed = await listDevicesForHris(storage);
        const states = listed.map(({ device }) => connectionStatus(device.lastContactMs, nowMs));
        return {
          status: "online" as const,
          timestamp: localIsoText(nowMs, siteTimeZone),
          stats: {
            total_logs: (await storage.figures()).punchCount,
            total_users: (await storage.listUserIds()).length,
            total_devices: listed.length,
            connected_devices: states.filter((state) => state === "connected").length,
          },
        };
      },
      {
        response: { 200: HrisStatusAnswer, ...ORIGINAL_REFUSALS },
        detail: { tags: ["Original"], summary: "Whether the server works, and how much it holds" },
      },
    );
}
