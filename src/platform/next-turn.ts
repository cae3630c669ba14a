/** Resolves in a later turn of the event loop, so that terminals are served between two steps. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
