/** Looks at the certificate that a server shows. */

/** What was seen. Times in epoch milliseconds. */
export type CertificateView =
  | {
      readonly kind: "seen";
      readonly validFromMs: number;
      readonly validToMs: number;
      /** Why nobody known has signed it, as the TLS library names it; undefined: it is trusted. */
      readonly chainProblem: string | undefined;
      /** Whether it is made out to the name that was asked for. */
      readonly isOfName: boolean;
      readonly issuer: string;
    }
  /** There is no connection, or no TLS. */
  | { readonly kind: "none"; readonly code: string };

/** Enough to have a certificate renewed by hand. */
export const CERTIFICATE_ENDS_SOON_MS = 14 * 86_400_000;

export interface CertificateOptions {
  readonly host: string;
  readonly port: number;
  /** In PEM; the well-known ones when undefined. */
  readonly authorities: readonly string[] | undefined;
  readonly limitMs: number;
}

/** Never rejects. Waits `limitMs` at most. */
export async function readCertificate(options: CertificateOptions): Promise<CertificateView> {
  const { host, port, authorities, limitMs } = options;
  // Megabytes of code, for this alone.
  const { checkServerIdentity, connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  const { promise, resolve } = Promise.withResolvers<CertificateView>();
  const socket = connect({
    host,
    port,
    // An address is no name that could be asked for.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: false,
    ...(authorities === undefined ? {} : { ca: [...authorities] }),
  });
  socket.setTimeout(limitMs, () => resolve({ kind: "none", code: "ETIMEDOUT" }));
  socket.on("error", (error) => {
    resolve({ kind: "none", code: "code" in error ? String(error.code) : error.name });
  });
  socket.on("secureConnect", () => {
    const certificate = socket.getPeerCertificate();
    const { valid_from: from, valid_to: to, issuer } = certificate;
    const reason = socket.authorizationError;
    const code = reason instanceof Error && "code" in reason ? String(reason.code) : reason;
    const isChain = code && !NOT_OF_CHAIN.test(String(code));
    resolve({
      kind: "seen",
      validFromMs: Date.parse(from),
      validToMs: Date.parse(to),
      chainProblem: isChain ? String(code) : undefined,
      isOfName: checkServerIdentity(host, certificate) === undefined,
      issuer: String(issuer?.O ?? issuer?.CN ?? ""),
    });
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Name and dates are looked at on their own. */
const NOT_OF_CHAIN = /ALTNAME|HOSTNAME|HAS_EXPIRED|NOT_YET_VALID/;
