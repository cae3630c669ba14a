/** The desk of the quarantine over a storage, with the limits of the terminal port's defaults. */

import { QuarantineDesk, type QuarantineDeskOptions } from "#api/quarantine/desk.ts";

export function testQuarantine(
  options: Pick<QuarantineDeskOptions, "storage" | "clock" | "log"> &
    Partial<QuarantineDeskOptions>,
): QuarantineDesk {
  return new QuarantineDesk({
    siteTimeZone: "Asia/Manila",
    limits: {
      headBytesMax: 16 * 1024,
      textBytesMax: 64 * 1024,
      requestBytesMax: 16 * 1024 * 1024,
    },
    onReleased: () => undefined,
    ...options,
  });
}
