/** The limits of the terminal port, as the settings give them. */

import type { Config } from "./config.ts";

/** Bounds of connections, of what they may send, and of what may wait. */
export function terminalPortLimits(config: Config) {
  return {
    connectionsMax: config.deviceConnectionsMax,
    connectionsPerAddressMax: config.deviceConnectionsPerAddressMax,
    idleTimeoutMs: config.deviceIdleTimeoutMs,
    requestTimeoutMs: config.deviceRequestTimeoutMs,
    exchangesWaitingMax: config.deviceExchangesWaitingMax,
    sniffBytesMax: config.deviceSniffBytesMax,
    bufferedBytesMax: config.deviceBufferedBytesMax,
    unsentBytesMax: config.deviceUnsentBytesMax,
    decoder: {
      headBytesMax: config.deviceHeadBytesMax,
      textBytesMax: config.deviceTextBytesMax,
      requestBytesMax: config.deviceRequestBytesMax,
    },
  };
}
