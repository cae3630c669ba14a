/** What the terminal port tells of connections that came to nothing. Types only. */

/** A connection that shows how the terminal behind it is set. */
export interface PortSighting {
  readonly type: "local-mode" | "https-on" | "unknown-protocol";
  /** The peer's IP address. */
  readonly address: string;
  readonly detail: string;
}

/** Takes sightings; cheap, and never throws. */
export type NoteSighting = (sighting: PortSighting) => void;
