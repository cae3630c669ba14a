/** What the running process takes of the machine. */

/** Physical memory that the process holds, in bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}
