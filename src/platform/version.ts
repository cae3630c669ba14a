/**
 * Which build this is. The build script puts both in; a run from the sources says so.
 */

import manifest from "../../package.json" with { type: "json" };

declare const BUILD_COMMIT: string | undefined;

/** Version as in package.json: `0.1.0`. */
export const VERSION: string = manifest.version;

/** Commit of the build, ending in `-dirty` when files differed from it; undefined when unknown. */
export const COMMIT: string | undefined =
  typeof BUILD_COMMIT === "string" && BUILD_COMMIT !== "" ? BUILD_COMMIT : undefined;
