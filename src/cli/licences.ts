/**
 * The licences of what others made and the executable contains. Loaded only to be shown: the texts
 * are large.
 */

import { AppError } from "#base/app-error.ts";

/** JSON, put in by the build script, which alone knows what it took. */
declare const BUILD_LICENCES: string | undefined;

/** The licence of a work by others. */
export interface Licence {
  readonly name: string;
  readonly version: string;
  /** As its makers spell it, mostly an SPDX expression: `MIT`. */
  readonly licence: string;
  /** All that has to go along with the work. */
  readonly text: string;
}

/** All of them, the runtime first. @throws AppError `usage` in a run from the sources. */
export function readLicences(): readonly Licence[] {
  if (typeof BUILD_LICENCES === "string") return JSON.parse(BUILD_LICENCES);
  throw new AppError("usage", "Cannot show licences: this runs from the sources", {
    hint: 'Run "npm run build", then "dist/biometric-server version --licences"',
  });
}

/** A list to look over, then the texts. Pure. */
export function licencesText(licences: readonly Licence[]): string {
  const titles = licences.map(({ name, version, licence }) => `${name} ${version}: ${licence}`);
  const texts = licences.map(({ text }, index) => `== ${titles[index]}\n\n${text}\n`);
  return [`This program contains:\n\n${titles.join("\n")}\n`, ...texts].join("\n");
}
