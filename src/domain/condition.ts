/**
 * What can be wrong with terminals and receivers, in the installer's words, and when it counts as
 * wrong and as right again. Decides nothing of how it is noticed.
 */

import type { EpochMs } from "#base/epoch.ts";

/** Everything that can be wrong. */
export const CONDITION_TYPES = [
  "local-mode",
  "https-on",
  "old-realsvr",
  "unknown-protocol",
  "no-device-id",
  "wrong-address",
  "shared-id",
  "resend-storm",
  "no-contact",
  "clock-off",
  "clock-reset",
  "missing-records",
  "quarantine",
  "quarantine-storm",
  "pending",
  "quarantine-full",
  "endpoint-paused",
  "disk-low",
  "backup-failed",
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Something that is wrong. */
export interface Condition {
  readonly type: ConditionType;
  /** By what it is about: the terminal's id, the IP address, the receiver's name, what is full. */
  readonly subject: string;
  readonly raisedAtMs: EpochMs;
  readonly lastSeenAtMs: EpochMs;
  /** What was seen. */
  readonly detail: string;
}

/** A condition that begins or ends. */
export interface ConditionChange {
  readonly kind: "raised" | "cleared";
  readonly atMs: EpochMs;
  readonly condition: Condition;
}

/** When a kind of trouble is told, and when it is over. Times in milliseconds. */
export interface ConditionRule {
  /** What it is about. */
  readonly about: "device" | "address" | "endpoint" | "server";
  /** What a person does. */
  readonly fix: string;
  /** It is told once seen so often within `withinMs`, over no less than `spanMs`. */
  readonly count: number;
  readonly withinMs: number;
  readonly spanMs: number;
  /** It is over when not seen for so long; 0: as soon as it is not seen any more. */
  readonly quietMs: number;
  /** The same once its subject has been heard as it should be since. */
  readonly quietHeardMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Told when seen, and over with it. */
const STATE = { count: 1, withinMs: MINUTE_MS, spanMs: 0, quietMs: 0, quietHeardMs: 0 } as const;
/** Told when first seen; terminals try again every 3 minutes or faster. */
const ATTEMPT = {
  ...STATE,
  withinMs: 10 * MINUTE_MS,
  quietMs: 10 * MINUTE_MS,
  quietHeardMs: 2 * MINUTE_MS,
} as const;

/** The rule of each. */
export const CONDITION_RULES: Readonly<Record<ConditionType, ConditionRule>> = {
  "local-mode": {
    ...ATTEMPT,
    about: "address",
    fix: 'In the terminal\'s network menu change the mode from "Local" to "Internet". Without such a choice it may speak the old RealSvr, which waits for the server to begin: see "biometric-server device-card realsvr"',
    count: 3,
  },
  "https-on": {
    ...ATTEMPT,
    about: "address",
    fix: "Switch HTTPS (SSL) off in the terminal's server menu, for this port speaks plain HTTP. If it has no such choice, set SERVER_TLS_PORT and give the terminal that port",
  },
  "old-realsvr": {
    ...ATTEMPT,
    about: "address",
    fix: "This server does not speak that, and the punches stay on the terminal: set it to HTTP (FKWeb), or ask its vendor for a firmware that pushes by HTTP or sends RealSvr as JSON",
  },
  "unknown-protocol": {
    ...ATTEMPT,
    about: "address",
    fix: "Set the terminal to HTTP push (FKWeb, or RealSvr); anything else has no business at this port",
  },
  "no-device-id": {
    ...ATTEMPT,
    about: "address",
    fix: 'Give the terminal there a device id in its menu. What it sent is kept: "biometric-server quarantine list"',
    count: 3,
  },
  "wrong-address": {
    ...ATTEMPT,
    about: "device",
    fix: 'If the terminal has moved: "biometric-server devices address ID any", or its new address',
  },
  "shared-id": {
    ...STATE,
    about: "device",
    fix: "Give one of the two terminals another device id in its menu",
    quietMs: HOUR_MS,
    quietHeardMs: HOUR_MS,
  },
  "resend-storm": {
    ...STATE,
    about: "device",
    fix: "Restart the terminal; if it goes on, update its firmware. Its punches are stored once",
    count: 10,
    withinMs: 5 * MINUTE_MS,
    spanMs: MINUTE_MS / 2,
    quietMs: 2 * MINUTE_MS,
    quietHeardMs: 2 * MINUTE_MS,
  },
  "no-contact": {
    ...STATE,
    about: "device",
    fix: "Look whether the terminal has power and network, and has this server's address in its menu",
  },
  "clock-off": {
    ...STATE,
    about: "device",
    fix: "Beyond 2 min it is set by itself, if this box's own clock is trusted; else set it in its menu",
  },
  "clock-reset": {
    ...STATE,
    about: "device",
    fix: "Compare the terminal's clock; if it lost its power, have its battery looked at",
    quietMs: DAY_MS,
    quietHeardMs: 10 * MINUTE_MS,
  },
  "missing-records": {
    ...STATE,
    about: "device",
    fix: "Compare the terminal's own log of that time with what is stored",
    quietMs: DAY_MS,
    quietHeardMs: DAY_MS,
  },
  quarantine: {
    ...STATE,
    about: "device",
    fix: 'It is kept: "biometric-server quarantine list --device ID" shows it, "quarantine supply" makes a punch of it',
    quietMs: HOUR_MS,
    quietHeardMs: HOUR_MS,
  },
  "quarantine-storm": {
    ...STATE,
    about: "device",
    fix: 'Update its firmware, or look at its settings. Until then "biometric-server devices block ID" keeps it out, its records stay on it, and the quarantine does not fill up',
    count: 20,
    withinMs: 10 * MINUTE_MS,
    quietMs: 10 * MINUTE_MS,
    quietHeardMs: 10 * MINUTE_MS,
  },
  pending: {
    ...STATE,
    about: "device",
    fix: '"biometric-server devices approve ID" lets it in, "devices block ID" keeps it out',
  },
  "quarantine-full": {
    ...ATTEMPT,
    about: "server",
    fix: 'Decide of what "biometric-server quarantine list" shows, block the terminal that fills it, or raise QUARANTINE_KIB_MAX; meanwhile what cannot be read stays on the terminals',
    quietHeardMs: 10 * MINUTE_MS,
  },
  "endpoint-paused": {
    ...STATE,
    about: "endpoint",
    fix: "Look whether the receiver runs and is reached from here. Messages wait, and none is lost",
  },
  "disk-low": {
    ...STATE,
    about: "server",
    fix: 'Free space on the disk of DATA_DIR ("df -h", "du"); it goes on by itself then',
  },
  "backup-failed": {
    ...STATE,
    about: "server",
    fix: 'Do what the detail says, then "biometric-server backup"; it is tried again every hour',
    // Another try is no success.
    quietMs: 10 * MINUTE_MS,
    quietHeardMs: 10 * MINUTE_MS,
  },
};

/** What a person does about it, with the id that the command takes. */
export function conditionFix({ type, subject }: Pick<Condition, "type" | "subject">): string {
  const { about, fix } = CONDITION_RULES[type];
  return about === "device" ? fix.replaceAll(/\bID\b/g, () => subject) : fix;
}
