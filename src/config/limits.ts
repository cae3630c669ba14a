/**
 * The part of the settings table that bounds what terminals and backlogs may take.
 */

import { integer, kibibytes, mebibytes, seconds } from "./setting.ts";

/** Bounds, so that no terminal and no backlog takes the box down. Few sites ever change one. */
export const LIMITS = {
  deviceConnectionsMax: integer({
    name: "DEVICE_CONNECTIONS_MAX",
    meaning: "Connections of terminals at once; further ones are closed.",
    min: 1,
    max: 50_000,
    fallback: 4096,
  }),
  deviceConnectionsPerAddressMax: integer({
    name: "DEVICE_CONNECTIONS_PER_ADDRESS_MAX",
    meaning: "The same from one address.",
    min: 1,
    max: 50_000,
    fallback: 512,
  }),
  deviceIdleTimeoutMs: seconds({
    name: "DEVICE_IDLE_TIMEOUT_SECONDS",
    meaning: "A connection without a request is closed after this long.",
    min: 4,
    max: 3600,
    fallback: 60,
  }),
  deviceRequestTimeoutMs: seconds({
    name: "DEVICE_REQUEST_TIMEOUT_SECONDS",
    meaning: "A request that is not complete after this long is closed without an answer.",
    min: 4,
    max: 3600,
    fallback: 30,
  }),
  deviceSniffBytesMax: integer({
    name: "DEVICE_SNIFF_BYTES_MAX",
    meaning: "First bytes of a connection that may decide which protocol it speaks.",
    min: 1024,
    max: 65_536,
    fallback: 4096,
    unit: "bytes",
  }),
  deviceHeadBytesMax: kibibytes({
    name: "DEVICE_HEAD_KIB_MAX",
    meaning: "Request line and headers of one request.",
    min: 1,
    max: 256,
    fallback: 16,
  }),
  deviceTextBytesMax: kibibytes({
    name: "DEVICE_TEXT_KIB_MAX",
    meaning: "Text part of one request.",
    min: 4,
    max: 4096,
    fallback: 64,
  }),
  deviceRequestBytesMax: kibibytes({
    name: "DEVICE_REQUEST_KIB_MAX",
    meaning: "One request with its binaries.",
    min: 64,
    max: 262_144,
    fallback: 16_384,
  }),
  deviceBufferedBytesMax: kibibytes({
    name: "DEVICE_BUFFERED_KIB_MAX",
    meaning:
      "Unfinished requests of all terminals together, at least two of the largest; large ones wait for room, and the largest are closed unanswered when there is none.",
    min: 256,
    max: 1_048_576,
    fallback: 32_768,
  }),
  deviceUnsentBytesMax: kibibytes({
    name: "DEVICE_UNSENT_KIB_MAX",
    meaning: "Answers that one terminal has not taken; then reading from it pauses.",
    min: 4,
    max: 16_384,
    fallback: 256,
  }),
  deviceExchangesWaitingMax: integer({
    name: "DEVICE_REQUESTS_WAITING_MAX",
    meaning: "Requests of one connection that wait for their answers; then reading from it pauses.",
    min: 1,
    max: 1000,
    fallback: 32,
  }),
  commitQueueDepthMax: integer({
    name: "COMMIT_QUEUE_DEPTH_MAX",
    meaning: "Requests that wait for the disk; further ones are closed unanswered.",
    min: 16,
    max: 1_000_000,
    fallback: 8192,
  }),
  commitQueueBytesMax: kibibytes({
    name: "COMMIT_QUEUE_KIB_MAX",
    meaning: "The same in size.",
    min: 1024,
    max: 1_048_576,
    fallback: 65_536,
  }),
  commitBatchMax: integer({
    name: "COMMIT_BATCH_MAX",
    meaning: "Requests in one transaction.",
    min: 1,
    max: 10_000,
    fallback: 500,
  }),
  devicesMax: integer({
    name: "DEVICES_MAX",
    meaning: "Terminals known at all; further ones are closed unanswered.",
    min: 1,
    max: 100_000,
    fallback: 2000,
  }),
  pendingDevicesMax: integer({
    name: "PENDING_DEVICES_MAX",
    meaning:
      "Terminals that wait for approval, or that one pairing window approves; further ones are closed unanswered, or wait.",
    min: 1,
    max: 10_000,
    fallback: 64,
  }),
  pendingPunchesMax: integer({
    name: "PENDING_PUNCHES_MAX",
    meaning: "Held punches of one terminal that waits for approval.",
    min: 1,
    max: 10_000_000,
    fallback: 20_000,
  }),
  pendingBytesMax: kibibytes({
    name: "PENDING_KIB_MAX",
    meaning: "The same in size.",
    min: 64,
    max: 1_048_576,
    fallback: 16_384,
  }),
  quarantineBytesMax: kibibytes({
    name: "QUARANTINE_KIB_MAX",
    meaning:
      "Unreadable requests kept for a person to look at, all together; terminals nobody approved may fill half.",
    min: 1024,
    max: 16_777_216,
    fallback: 262_144,
  }),
  punchRetentionDays: integer({
    name: "PUNCH_RETENTION_DAYS",
    meaning:
      "How long punches are kept, by their time and by their arrival; older ones are deleted daily, unless a message of them waits or is parked. Unset: for ever.",
    min: 60,
    max: 36_600,
    fallback: undefined,
    unit: "days",
  }),
  quarantineKeepDays: integer({
    name: "QUARANTINE_KEEP_DAYS",
    meaning:
      "How long what a person released or discarded of it is kept; what waits stays in any case.",
    min: 1,
    max: 3660,
    fallback: 30,
    unit: "days",
  }),
  noticeTextBytesMax: kibibytes({
    name: "NOTICE_TEXT_KIB_MAX",
    meaning: "Texts kept of requests that nobody documented, all together; then only counted.",
    min: 0,
    max: 16_777_216,
    fallback: 65_536,
  }),
  webhookLedgerDays: integer({
    name: "WEBHOOK_LEDGER_DAYS",
    meaning:
      "How long delivered messages and their tries are kept; those that wait or are parked stay in any case.",
    min: 1,
    max: 3660,
    fallback: 30,
    unit: "days",
  }),
  webhookLedgerBytesMax: mebibytes({
    name: "WEBHOOK_LEDGER_MIB",
    meaning: "The same in size, all receivers together; the oldest go first.",
    min: 1,
    max: 16_384,
    fallback: 64,
  }),
} as const;
