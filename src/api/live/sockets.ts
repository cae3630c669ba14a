/** How the port treats WebSockets: the limits of a connection, and the way of its events to the hub. */

import type { LiveClient, LiveHub } from "./hub.ts";

/** What a client may say at once; the contract's longest message has 15 bytes. */
const MESSAGE_BYTES_MAX = 1024;
/** What may wait for a client beside what the system keeps for it. */
const WAITING_BYTES_MAX = 256 * 1024;
/** A client that does not answer a ping for so long is gone. */
const IDLE_TIMEOUT_SECONDS = 60;

/** The part of the port's options that is about WebSockets. */
export function liveSockets(live: LiveHub): Bun.WebSocketHandler<LiveClient> {
  return {
    maxPayloadLength: MESSAGE_BYTES_MAX,
    backpressureLimit: WAITING_BYTES_MAX,
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    sendPings: true,
    open: (socket) => void live.welcome(socket, socket.data),
    message(socket, message) {
      live.hear(socket, typeof message === "string" ? message : "");
    },
    close: (socket) => live.forget(socket),
  };
}
