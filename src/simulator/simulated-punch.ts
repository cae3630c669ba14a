/**
 * What a fake terminal records when a person touches it. Every dialect and log record spells the same
 * fields.
 */

/** One attendance event as a fake terminal holds it. */
export interface SimulatedPunch {
  /** `[A-Za-z0-9_]{1,18}`. */
  readonly deviceId: string;
  readonly userId: string;
  /** 14 digits `YYYYMMDDhhmmss`, the terminal's local time. */
  readonly wallTime: string;
  /** `io_mode` in the form of the terminal's library, plain or packed (section 8). */
  readonly ioModeCode: number;
  /** `verify_mode` in the form of the terminal's library, plain or packed (section 8). */
  readonly verifyModeCode: number;
  /** Its place in the terminal's own log, from 1; dialect R sends it as `log_id`. */
  readonly recordNumber: number;
  /** A JPEG taken at the punch; undefined for none. */
  readonly photo: Uint8Array | undefined;
}
