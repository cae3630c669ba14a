/** Whether the box's clock is right, and stays so over a power cut. Pure. */

import type { EpochMs } from "#base/epoch.ts";
import { isClockUnset } from "#box/checks.ts";
import { localText, utcText } from "#domain/time-text.ts";
import { CLOCK_REASONS } from "../clock.ts";
import { ASK_ROOT, type Finding, fault, fine, skipped, warning } from "./finding.ts";

/** What is known of the clock. */
export interface ClockView {
  readonly nowMs: EpochMs;
  /** Why it is believed, as `OwnClock` names it; undefined: nothing says that it is right. */
  readonly evidence: string | undefined;
  /** Whether this user sees all evidence that there may be. */
  readonly isEvidenceSeen: boolean;
  /** It is before the newest stored punch. */
  readonly isBehindStored: boolean;
  /** What `timedatectl show` prints; undefined where it does not answer. */
  readonly timedate: string | undefined;
  readonly hasClockChip: boolean;
  /** Undefined where the settings do not tell. */
  readonly siteTimeZone: string | undefined;
  readonly hostTimeZone: string;
}

const SET_TIME = 'timedatectl set-time "YYYY-MM-DD HH:MM:SS"';
const CONFIRM = "compare it with another clock, then: biometric-server clock confirm";

export function checkClock(view: ClockView): readonly Finding[] {
  const timedate = readTimedate(view);
  return [checkTrust(view), checkNtp(view, timedate), checkZone(view), checkChip(view, timedate)];
}

function checkTrust({ nowMs, evidence, isEvidenceSeen, isBehindStored }: ClockView): Finding {
  const shown = `it shows ${utcText(nowMs)} UTC`;
  if (isClockUnset(nowMs)) {
    const wanted = "today: punches would be taken for wrong, and no certificate holds";
    return fault("clock", { found: shown, wanted, fix: `${SET_TIME}, and let NTP keep it` });
  }
  if (isBehindStored) {
    const found = `${shown}, which is before the newest stored punch`;
    return fault("clock", { found, wanted: "a clock that never goes back", fix: SET_TIME });
  }
  if (evidence === undefined && !isEvidenceSeen) {
    return skipped("clock", `${shown}; only root sees whether it is trusted`, ASK_ROOT);
  }
  if (evidence === undefined) {
    return fault("clock", {
      found: `${shown}, and nothing says that it is right`,
      wanted: "NTP, two terminals that agree, or your word: until then no terminal's clock is set",
      fix: `timedatectl set-ntp true; or ${CONFIRM}`,
    });
  }
  return fine("clock", `${shown}, and is trusted: ${CLOCK_REASONS[evidence] ?? evidence}`);
}

interface Timedate {
  readonly canSynchronize: boolean;
  readonly isOn: boolean;
  readonly isSynchronized: boolean;
  readonly isChipLocal: boolean;
}

function checkNtp(
  { evidence, isEvidenceSeen }: ClockView,
  timedate: Timedate | undefined,
): Finding {
  const check = "clock-ntp";
  if (timedate === undefined) return skipped(check, "timedatectl does not answer");
  if (timedate.isSynchronized) return fine(check, "NTP is synchronised");
  const found = !timedate.canSynchronize
    ? "no time service is installed"
    : timedate.isOn
      ? "NTP is on, and reaches no time server"
      : "NTP is off";
  if (!isEvidenceSeen)
    return skipped(check, `${found}; only root sees whether it is needed`, ASK_ROOT);
  if (evidence !== undefined) return fine(check, `${found}; the clock is trusted without it`);
  const fix = !timedate.canSynchronize
    ? "apt install systemd-timesyncd"
    : timedate.isOn
      ? "name a time server that the box reaches: NTP= in /etc/systemd/timesyncd.conf, then systemctl restart systemd-timesyncd"
      : "timedatectl set-ntp true";
  return fault(check, {
    found,
    wanted: "NTP synchronises the clock",
    fix: `${fix}; or ${CONFIRM}`,
  });
}

function checkZone({ nowMs, siteTimeZone, hostTimeZone }: ClockView): Finding {
  if (siteTimeZone === undefined) return skipped("clock-zone", "the settings cannot be used");
  const local = `${siteTimeZone} (SITE_TIME_ZONE), where it is ${localText(nowMs, siteTimeZone)}`;
  const host =
    hostTimeZone === siteTimeZone ? "so is this box" : `this box itself is in ${hostTimeZone}`;
  return fine("clock-zone", `terminals are in ${local}; ${host}`);
}

/** Without one the clock stands still while the box is off. */
function checkChip({ hasClockChip }: ClockView, timedate: Timedate | undefined): Finding {
  const check = "clock-chip";
  if (hasClockChip && timedate?.isChipLocal === true) {
    return warning(check, {
      found: "the clock chip runs in local time",
      wanted: "UTC: a start without NTP may be hours off otherwise",
      fix: "timedatectl set-local-rtc 0",
    });
  }
  if (hasClockChip) return fine(check, "there is one, which goes on while the box is off");
  if (timedate?.isSynchronized === true) {
    return fine(check, "there is none: after a power cut NTP has to set the clock");
  }
  return warning(check, {
    found: "there is none, and NTP does not set the clock",
    wanted: "one of them: after a power cut the clock is wrong",
    fix: `add a clock module, or NTP; else after each power cut: ${CONFIRM}`,
  });
}

function readTimedate({ timedate: shown, evidence }: ClockView): Timedate | undefined {
  if (shown === undefined) return undefined;
  const isYes = (name: string) => new RegExp(`^${name}=yes$`, "m").test(shown);
  return {
    canSynchronize: isYes("CanNTP"),
    isOn: isYes("NTP"),
    isSynchronized: isYes("NTPSynchronized") || evidence === "synchronized",
    isChipLocal: isYes("LocalRTC"),
  };
}
