/** How the server is in one line, as `systemctl status` shows it. */

import { AppError } from "#base/app-error.ts";
import { siteDateAt, siteDayRange } from "#domain/site-day.ts";
import type { Clock } from "#platform/clock.ts";
import type { Storage } from "#storage/storage.ts";

/** What the line is told from. */
export interface ServiceStatusOptions {
  readonly storage: Pick<Storage, "figures" | "listDevices" | "countLogs" | "probe">;
  readonly clock: Clock;
  /** IANA zone whose day is today. */
  readonly siteTimeZone: string;
}

/**
 * Such as `2 terminals (1 waits for approval), 31 punches today, 0 deliveries waiting`. Begins with
 * `PROBLEM` when nothing can be stored.
 */
export async function describeService(options: ServiceStatusOptions): Promise<string> {
  try {
    await options.storage.probe();
    return await describeWork(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `PROBLEM: ${error.message}`;
  }
}

async function describeWork({ storage, clock, siteTimeZone }: ServiceStatusOptions) {
  const today = siteDateAt(clock.nowMs(), siteTimeZone);
  const devices = await storage.listDevices();
  const pending = devices.filter(({ status }) => status === "pending").length;
  const inUse = devices.filter(({ status }) => status === "approved").length;
  const punches = await storage.countLogs(siteDayRange(today, today, siteTimeZone));
  const { deliveriesWaiting, deliveriesParked } = await storage.figures();
  return [
    `${counted(inUse, "terminal")} in use`,
    ...(pending === 0 ? [] : [`${pending} waiting for approval`]),
    `${counted(punches, "punch", "punches")} today`,
    `${counted(deliveriesWaiting, "delivery", "deliveries")} waiting`,
    ...(deliveriesParked === 0 ? [] : [`${deliveriesParked} PARKED`]),
  ].join(", ");
}

function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
