/** The log of one endpoint's delivery: every line names the endpoint. */

import type { Log } from "#platform/log.ts";

/** Writes to `log`. What comes in floods is summed up for each endpoint by itself. */
export function endpointLog(log: Log, endpoint: string): Log {
  const naming =
    (level: keyof Log): Log[keyof Log] =>
    (event, fields, repeat) =>
      log[level](
        event,
        { endpoint, ...fields },
        repeat === undefined ? undefined : { per: `${endpoint} ${repeat.per}` },
      );
  return {
    error: naming("error"),
    warn: naming("warn"),
    info: naming("info"),
    debug: naming("debug"),
  };
}
