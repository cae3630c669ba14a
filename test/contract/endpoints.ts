/** Every endpoint of contract 2.1 and 3, and who may call it here. */

/** An endpoint as the contract names it. */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `GATE-9` where the contract has `<id>`, a terminal that nobody has. */
  readonly path: string;
  /** Whether it shows a punch, a user or a device, or changes anything. */
  readonly needsToken: boolean;
  /** What its answers are, when they are no JSON. */
  readonly contentType?: RegExp;
}

export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/api/auth/token", needsToken: false },
  { method: "GET", path: "/api/biometric/logs", needsToken: true },
  { method: "GET", path: "/api/biometric/users", needsToken: true },
  { method: "POST", path: "/api/biometric/sync", needsToken: true },
  { method: "GET", path: "/api/biometric/status", needsToken: true },
  { method: "GET", path: "/api/biometric/devices", needsToken: true },
  { method: "POST", path: "/api/biometric/manual-log", needsToken: true },
  { method: "GET", path: "/api/biometric/webhook/status", needsToken: true },
  { method: "POST", path: "/api/biometric/webhook/test", needsToken: true },
  { method: "POST", path: "/api/biometric/webhook/retry", needsToken: true },
  { method: "GET", path: "/api/biometric/performance", needsToken: true },
  { method: "GET", path: "/api/hris/status", needsToken: true },
  { method: "GET", path: "/api/hris/logs", needsToken: true },
  { method: "GET", path: "/api/hris/logs/summary", needsToken: true },
  { method: "GET", path: "/api/hris/users", needsToken: true },
  { method: "GET", path: "/api/hris/devices", needsToken: true },
  { method: "POST", path: "/api/hris/sync", needsToken: true },
  { method: "GET", path: "/api/status", needsToken: true },
  { method: "GET", path: "/api/logs", needsToken: true },
  { method: "GET", path: "/api/devices", needsToken: true },
  { method: "POST", path: "/api/devices/GATE-9/status", needsToken: true },
  { method: "PUT", path: "/api/devices/GATE-9", needsToken: true },
  { method: "DELETE", path: "/api/devices/GATE-9", needsToken: true },
  { method: "GET", path: "/api/server/time", needsToken: false },
  { method: "GET", path: "/api/docs", needsToken: false },
  { method: "GET", path: "/swagger", needsToken: false, contentType: /^text\/html/ },
  { method: "GET", path: "/swagger.yaml", needsToken: false, contentType: /^application\/yaml/ },
  { method: "POST", path: "/api/webhook-receiver/biometric", needsToken: false },
  { method: "GET", path: "/api/webhook-receiver/status", needsToken: false },
];

export const PROTECTED = ENDPOINTS.filter(({ needsToken }) => needsToken);

/** The methods that the contract gives a path. */
export function methodsOf(path: string): ReadonlySet<string> {
  const methods = ENDPOINTS.filter((endpoint) => endpoint.path === path).map(
    ({ method }) => method,
  );
  return new Set(methods);
}
