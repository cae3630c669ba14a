/**
 * Whether the packages of the system are there that the tests of this folder need. Installs nothing:
 * `scripts/test-system.ts` does, and then says so in the environment.
 */

/** Why the tests of this folder are skipped; undefined when they run. */
export const NO_SYSTEM_PACKAGES =
  process.env.SYSTEM_PACKAGES === "1" ? undefined : "only `npm run test:system` runs them";
