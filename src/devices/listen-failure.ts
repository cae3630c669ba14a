/** Says in words for an operator why a port for terminals cannot be opened. Pure. */

import { AppError } from "#base/app-error.ts";

/** A port with the name of its setting. */
export interface NamedPort {
  readonly name: string;
  readonly port: number;
}

/** Names the address, why it cannot be listened on, and what to do. */
export function describeListenFailure(
  cause: unknown,
  hostname: string,
  named: NamedPort,
): AppError {
  const { port } = named;
  const { wanted, hint } = explainListenFailure(findErrorCode(cause), named);
  const message = `Cannot listen for terminals on "${hostname}:${port}": ${wanted}`;
  return new AppError("port-unavailable", message, { hint, cause });
}

function explainListenFailure(
  code: string | undefined,
  { name, port }: NamedPort,
): { readonly wanted: string; readonly hint: string } {
  switch (code) {
    case "EADDRINUSE":
      return {
        wanted: "the port is taken by another program",
        hint: `Find it with: ss -ltnp 'sport = :${port}', then stop it or set ${name}`,
      };
    case "EACCES":
      return {
        wanted: "ports below 1024 need a permission this user does not have",
        hint: `Set ${name} to 1024 or above, or grant CAP_NET_BIND_SERVICE`,
      };
    case "EADDRNOTAVAIL":
      return {
        wanted: "no interface of this machine has that address",
        hint: "List the addresses with: ip -brief address, then set SERVER_HOST, or use 0.0.0.0",
      };
    default:
      return {
        wanted: "an IP address of this machine and a port from 0 to 65535 are needed",
        hint: `Set SERVER_HOST to 0.0.0.0 for all interfaces, and ${name} to a free port`,
      };
  }
}

function findErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
