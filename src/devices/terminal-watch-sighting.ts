/** What the terminal port tells of connections that came to nothing. Pure. */

import { assertNever } from "#base/assert.ts";
import type { UnknownProtocol } from "./request-reader.ts";
import { describeHead } from "./sniff.ts";

/** A connection that shows how the terminal behind it is set. */
export interface PortSighting {
  readonly type: "local-mode" | "https-on" | "old-realsvr" | "unknown-protocol";
  /** The peer's IP address. */
  readonly address: string;
  readonly detail: string;
}

/** Takes sightings; cheap, and never throws. */
export type NoteSighting = (sighting: PortSighting) => void;

/** What a connection of no known protocol shows. */
export function sightingOf({ protocol, head }: UnknownProtocol): Omit<PortSighting, "address"> {
  switch (protocol) {
    case "tls":
      return { type: "https-on", detail: "A terminal there begins with a TLS hello: HTTPS is on" };
    case "binary-realsvr":
      return { type: "old-realsvr", detail: "A terminal there sends the old, binary RealSvr" };
    case undefined: {
      const { hex, text } = describeHead(head);
      const detail = `Something there begins with bytes of no known protocol: "${text}" (${hex})`;
      return { type: "unknown-protocol", detail };
    }
    default:
      return assertNever(protocol);
  }
}
