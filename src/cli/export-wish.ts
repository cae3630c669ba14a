/** What an export is asked for. */

import type { LoadedConfig } from "#config/load.ts";
import type { CliEnvironment } from "./environment.ts";

/** The formats of an export. */
export const EXPORT_FORMATS = ["csv", "ndjson", "xlsx"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What is asked for, in the server's words. */
export interface ExportFilter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly device?: string | undefined;
  readonly user?: string | undefined;
  readonly direction?: string | undefined;
}

/** What is to be exported, and where to. */
export interface ExportWish {
  readonly settings: LoadedConfig;
  readonly filter: ExportFilter;
  /** Undefined: by the ending of `output`. */
  readonly format: ExportFormat | undefined;
  /** Undefined: standard output. */
  readonly output: string | undefined;
  readonly isReplacing: boolean;
  readonly environment: CliEnvironment;
}
