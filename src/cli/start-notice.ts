/**
 * What a start tells the person in front of it: names and places, never values. Pure.
 */

/** What the notice is made of. */
export interface StartFacts {
  /** Whether it is the first successful start on this data. */
  readonly isFirstStart: boolean;
  readonly version: string;
  readonly programName: string;
  readonly dataDir: string;
  /** Where the client secret is kept; undefined when a setting gives it. */
  readonly clientSecretPath: string | undefined;
  /** Addresses terminals can be told to send to: IPv4, not loopback. Empty: this machine only. */
  readonly terminalAddresses: readonly string[];
  readonly terminalPort: number;
  /** Port of terminals that speak TLS; undefined: there is none. */
  readonly terminalTlsPort?: number | undefined;
  /** The same for clients of the API. */
  readonly webAddresses: readonly string[];
  readonly webPort: number;
  readonly webScheme: "http" | "https";
  /** How long new terminals are approved at once; 0: they wait for approval. */
  readonly pairingMinutes: number;
  readonly enrollment: "approve" | "open";
}

/** Lines to print when the server is ready: at most 15 on a first start, at most 3 on later ones. */
export function startNotice(facts: StartFacts): readonly string[] {
  const { programName: program, terminalPort } = facts;
  const [terminalAddress = "127.0.0.1"] = facts.terminalAddresses;
  const listening = [
    `Terminals: ${endpoints(facts.terminalAddresses, terminalPort)}${tlsRemark(facts)}`,
    `API:       ${webLinks(facts)} (documentation: /swagger)`,
  ];
  if (!facts.isFirstStart) {
    return [`biometric-server ${facts.version} is ready, data in ${facts.dataDir}`, ...listening];
  }
  return [
    `biometric-server ${facts.version} is ready for the first time`,
    `Made:      ${facts.dataDir} with biometric.db and secrets/ (keep both together)`,
    ...listening,
    "Type into each terminal:",
    `  server address ${terminalAddress}, port ${terminalPort}, mode Internet (HTTP push), no HTTPS, no domain name`,
    `  brand by brand: ${program} device-card`,
    `  ${enrollmentLine(facts)}`,
    "Get a token for the HRIS, as the owner of the data or as root:",
    `  ${tokenLine(facts)}`,
    "Try it without a terminal:",
    `  ${program} simulate --port ${terminalPort} --terminals 2 --punches 3`,
    `  ${program} devices list`,
  ];
}

function endpoints(addresses: readonly string[], port: number): string {
  const all = addresses.length === 0 ? ["127.0.0.1"] : addresses;
  return `${all.join(", ")} port ${port}`;
}

function tlsRemark({ terminalTlsPort }: StartFacts): string {
  return terminalTlsPort === undefined ? "" : `, with TLS port ${terminalTlsPort}`;
}

function webLinks({ webAddresses, webScheme, webPort }: StartFacts): string {
  const all = webAddresses.length === 0 ? ["127.0.0.1"] : webAddresses;
  return all.map((address) => `${webScheme}://${bracketed(address)}:${webPort}`).join(", ");
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function enrollmentLine(facts: StartFacts): string {
  if (facts.enrollment === "open") return "every new terminal is taken into use at once";
  const approve = `${facts.programName} devices approve ID`;
  const minutes = facts.pairingMinutes;
  if (minutes === 0) return `then take it into use with: ${approve}`;
  return `new ones are approved at once for ${minutes} minutes, later with: ${approve}`;
}

/** The secret goes from its file into the request and is never shown. */
function tokenLine(facts: StartFacts): string {
  const [address = "127.0.0.1"] = facts.webAddresses;
  const secret =
    facts.clientSecretPath === undefined
      ? "$HRIS_API_SECRET_KEY"
      : `$(cat ${shellWord(facts.clientSecretPath)})`;
  const body = `{\\"client_id\\":\\"hris_system\\",\\"client_secret\\":\\"${secret}\\"}`;
  const link = `${facts.webScheme}://${bracketed(address)}:${facts.webPort}/api/auth/token`;
  // What the certificate names is seldom an address.
  return `curl -s${facts.webScheme === "https" ? "k" : ""} ${link} -H 'Content-Type: application/json' -d "${body}"`;
}

/** Quoted only where a shell would split or read the word. */
function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
