/** The receiver's address, for people. */

/**
 * Without what may be secret: user, password, and the values in the query. Scheme, host, port and
 * path stay, since they are what a person checks.
 */
export function shownUrl(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.hash = "";
  return shown.search === "" ? shown.href : `${shown.origin}${shown.pathname}?***`;
}
