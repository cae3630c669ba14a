/**
 * The event by which receivers are told that something is wrong, or right again. Pure; some
 * conditions are told at the moment they are noticed and have none here.
 */

import type { EpochMs } from "#base/epoch.ts";
import {
  CONDITION_RULES,
  type Condition,
  type ConditionChange,
  conditionFix,
} from "./condition.ts";
import type { Device } from "./device.ts";
import type { EventData } from "./event-message.ts";
import type { EndpointId, RecordedEventType } from "./webhook-endpoint.ts";

/** What is known of what the condition is about. */
export interface ConditionFacts {
  /** Undefined where it is about no terminal, or one that is not known any more. */
  readonly device: Pick<Device, "name" | "status" | "lastContactMs" | "clockSkewMs"> | undefined;
  /** The same of an endpoint. */
  readonly endpoint:
    | { readonly id: EndpointId; readonly isEnabled: boolean; readonly waitingCount: number }
    | undefined;
  readonly quarantineCount: number;
  readonly quarantineBytes: number;
}

/** An event to be recorded. */
export interface ConditionEvent {
  readonly type: RecordedEventType;
  readonly data: EventData;
}

/**
 * Undefined where nothing is told. `spellTime` writes an instant for programs. An end is told only
 * where it is one: a terminal that was retired is not online, nor a receiver that was removed well.
 */
export function conditionEvent(
  change: ConditionChange,
  facts: ConditionFacts,
  spellTime: (instantMs: EpochMs) => string,
): ConditionEvent | undefined {
  const { kind, condition } = change;
  const { type, subject, raisedAtMs, detail } = condition;
  const isRaised = kind === "raised";
  const since = spellTime(raisedAtMs);
  const told = {
    status: kind,
    since,
    detail,
    fix: isRaised ? conditionFix(condition) : null,
  };
  switch (type) {
    // Told with the first contact, and with each thing that goes there.
    case "pending":
    case "quarantine":
      return undefined;
    case "no-contact":
      return contactEvent(change, facts, spellTime);
    case "clock-off": {
      const { clockSkewMs } = facts.device ?? {};
      const skew_seconds = clockSkewMs === undefined ? null : Math.round(clockSkewMs / 1000);
      return {
        type: "device.clock_skew",
        data: { ...deviceData(subject, facts), ...told, skew_seconds },
      };
    }
    case "quarantine-full": {
      const { quarantineCount, quarantineBytes } = facts;
      const held = { quarantine_count: quarantineCount, quarantine_bytes: quarantineBytes };
      return { type: "quarantine.full", data: { ...told, ...held } };
    }
    case "disk-low":
      return { type: "disk.low", data: told };
    case "backup-failed":
      return { type: "backup.failed", data: told };
    case "endpoint-paused":
      return endpointEvent(change, facts, since);
    default:
      return {
        type: "device.condition",
        data: { condition: type, ...subjectData(condition, facts), ...told },
      };
  }
}

function contactEvent(
  { kind, condition }: ConditionChange,
  facts: ConditionFacts,
  spellTime: (instantMs: EpochMs) => string,
): ConditionEvent | undefined {
  const { subject, raisedAtMs, detail } = condition;
  const { status, lastContactMs } = facts.device ?? {};
  const last_contact_at = lastContactMs === undefined ? null : spellTime(lastContactMs);
  const data = { ...deviceData(subject, facts), last_contact_at };
  if (kind === "raised") {
    return { type: "device.offline", data: { ...data, detail, fix: conditionFix(condition) } };
  }
  const isBack = status === "approved" && (lastContactMs ?? 0) >= raisedAtMs;
  if (!isBack) return undefined;
  return { type: "device.online", data: { ...data, offline_since: spellTime(raisedAtMs) } };
}

function endpointEvent(
  { kind, condition }: ConditionChange,
  { endpoint }: ConditionFacts,
  since: string,
): ConditionEvent | undefined {
  if (endpoint === undefined || !endpoint.isEnabled) return undefined;
  const { detail, subject } = condition;
  const data = {
    endpoint_id: endpoint.id,
    endpoint: subject,
    messages_waiting: endpoint.waitingCount,
  };
  if (kind === "cleared")
    return { type: "endpoint.resumed", data: { ...data, paused_since: since } };
  return {
    type: "endpoint.paused",
    data: { ...data, since, detail, fix: conditionFix(condition) },
  };
}

function deviceData(id: string, { device }: ConditionFacts) {
  return { device_id: id, name: device?.name ?? null };
}

function subjectData(condition: Condition, facts: ConditionFacts): EventData {
  const { type, subject } = condition;
  if (CONDITION_RULES[type].about === "device")
    return { ...deviceData(subject, facts), address: null };
  return { device_id: null, name: null, address: subject };
}
