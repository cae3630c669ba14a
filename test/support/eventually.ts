/**
 * Waiting for something that another process does: asks again until it is so, for a bounded time.
 */

const PAUSE_MS = 20;
/** Long enough for a slow, busy machine; never waited for when the thing happens. */
const LIMIT_MS = 20_000;

/**
 * Resolves as soon as `condition` holds.
 * @throws Error that names `what` when it has not come true within 20 s.
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const endsAtMs = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > endsAtMs) throw new Error(`Waited in vain: ${what}`);
    await Bun.sleep(PAUSE_MS);
  }
}
