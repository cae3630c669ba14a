/**
 * Which methods a path takes, asked only after the router found no route, so that a wrong method
 * is told from an unknown path.
 */

/** The routes of the server: method, and a path in which `:name` stands for a segment with text. */
export type RouteList = () => readonly { readonly method: string; readonly path: string }[];

/** The methods of `path`, sorted; empty for an unknown path. `GET` brings `HEAD` and `OPTIONS`. */
export function allowedMethods(routes: RouteList, path: string): readonly string[] {
  const methods = new Set<string>();
  for (const route of routes()) {
    if (!matches(route.path, path)) continue;
    methods.add(route.method).add("OPTIONS");
    if (route.method === "GET") methods.add("HEAD");
  }
  return [...methods].sort();
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return false;
  return wanted.every((segment, index) =>
    segment.startsWith(":") ? given[index] !== "" : segment === given[index],
  );
}
