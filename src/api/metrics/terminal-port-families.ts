/** The figures of the terminal port: its connections, and what is held of what they send. */

import type { PauseReason } from "#devices/connection-host.ts";
import type { ListenerCloseReason } from "#devices/listener.ts";
import { counter, countsBy, type Family, gauge } from "./family.ts";
import type { MetricsSource } from "./source.ts";

/** Told from the beginning, so that the first time of each is a rise. */
const NO_CLOSES: Readonly<Record<ListenerCloseReason, 0>> = {
  answered: 0,
  unacknowledged: 0,
  "peer-closed": 0,
  truncated: 0,
  silent: 0,
  idle: 0,
  "slow-request": 0,
  "buffers-full": 0,
  "unread-reply": 0,
  tls: 0,
  "unknown-protocol": 0,
  violation: 0,
  "decoder-failed": 0,
  stopping: 0,
  "connections-full": 0,
  "address-full": 0,
};
const NO_PAUSES: Readonly<Record<PauseReason, 0>> = {
  "upload-room": 0,
  "requests-waiting": 0,
  "unsent-bytes": 0,
};

export function terminalPortFamilies({ terminalPort }: MetricsSource): readonly Family[] {
  const port = terminalPort();
  if (port === undefined) return [];
  return [
    gauge(
      "biometric_terminal_connections",
      "Connections of terminals that are open",
      port.connectionsOpen,
    ),
    gauge(
      "biometric_terminal_connections_limit",
      "Beyond so many further ones are closed",
      port.connectionsMax,
    ),
    counter(
      "biometric_terminal_connections_accepted_total",
      "Connections of terminals, those that were closed at once included",
      port.connectionsAccepted,
    ),
    counter(
      "biometric_terminal_connections_closed_total",
      "Connections of terminals that ended, by reason",
      countsBy("reason", { ...NO_CLOSES, ...port.closedByReason }),
    ),
    counter(
      "biometric_terminal_pauses_total",
      "Times that a connection was not read from for a while, by reason",
      countsBy("reason", { ...NO_PAUSES, ...port.pausesByReason }),
    ),
    counter("biometric_terminal_requests_total", "Whole requests of terminals", port.requests),
    counter(
      "biometric_terminal_violations_total",
      "Requests that broke the protocol or a limit of it, by code",
      countsBy("code", port.violationsByCode),
    ),
    gauge(
      "biometric_terminal_buffered_bytes",
      "Held of requests that are not whole, or not answered",
      port.bytesBuffered,
    ),
    gauge(
      "biometric_terminal_buffered_bytes_limit",
      "Beyond so many of requests that are not whole the largest are closed",
      port.bufferedBytesMax,
    ),
  ];
}
