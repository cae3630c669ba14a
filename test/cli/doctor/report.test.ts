/** Aim: a person finds what is wrong and the command for it, on a screen of 100 columns. */

import { expect, test } from "bun:test";
import { fault, fine, skipped } from "#cli/doctor/finding.ts";
import { describeFindings } from "#cli/doctor/report.ts";

test("describeFindings() groups, aligns, wraps between words, and counts", () => {
  const text = describeFindings([
    { heading: "DISK", findings: [fine("disk-space", "71471 MB free")] },
    { heading: "EMPTY", findings: [] },
    {
      heading: "CLOCK",
      findings: [
        fault("clock", {
          found:
            "it shows 2001-02-03 04:05:06 UTC,\u001b[2J and nothing at all says that this is right now",
          wanted: "today",
          fix: "timedatectl set-ntp true",
        }),
        skipped("clock-ntp", "timedatectl does not answer"),
      ],
    },
  ]);
  expect(text).toBe(`DISK
  ok       disk-space  71471 MB free

CLOCK
  FAULT    clock       it shows 2001-02-03 04:05:06 UTC,?[2J and nothing at all says that this is
                       right now
           wanted: today
           fix: timedatectl set-ntp true
  skipped  clock-ntp   timedatectl does not answer

FAULTS: 1, WARNINGS: 0; 1 ok, 1 skipped`);
});

test("describeFindings() says when all is well", () => {
  const text = describeFindings([{ heading: "DISK", findings: [fine("disk-space", "much")] }]);
  expect(text).toEndWith("\n\nAll is well: 1 ok, 0 skipped");
});
