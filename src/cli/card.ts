/** The card of a brand, filled in with the addresses and the port of this box. Pure. */

import { type Brand, COMMON_CHECKS, type MenuStep } from "./brands.ts";
import { alignColumns } from "./columns.ts";

/** Where terminals find this server. */
export interface CardPlace {
  /** Addresses of this box; empty: none in any network. */
  readonly addresses: readonly string[];
  /** Undefined: any free one is taken at each start. */
  readonly port: number | undefined;
}

/** A brand without anything left to fill in. */
export interface FilledCard {
  readonly steps: readonly MenuStep[];
  readonly checks: readonly string[];
  /** Those of every terminal. */
  readonly commonChecks: readonly string[];
}

/** What stands where nothing can be filled in; `placeLines` tells why. */
const NO_ADDRESS = "(this box)";
const NO_PORT = "(SERVER_PORT)";

/** Fills in the first of the addresses; `placeLines` tells of the others. */
export function fillCard(brand: Brand, place: CardPlace): FilledCard {
  const [address = NO_ADDRESS] = place.addresses;
  const port = place.port === undefined ? NO_PORT : String(place.port);
  const fill = (text: string) =>
    text.replaceAll("{address}", () => address).replaceAll("{port}", () => port);
  return {
    steps: brand.steps.map(({ menu, fields }) => ({
      menu,
      fields: fields.map(({ label, value }) => ({ label, value: fill(value) })),
    })),
    checks: brand.checks.map(fill),
    commonChecks: COMMON_CHECKS.map(fill),
  };
}

/** The card as it is printed. */
export function cardLines(brand: Brand, place: CardPlace): readonly string[] {
  const { steps, checks, commonChecks } = fillCard(brand, place);
  return [
    `${brand.title}: ${brand.protocol}`,
    brand.source,
    ...placeLines(place),
    ...steps.flatMap(({ menu, fields }) => [
      "",
      menu,
      ...alignColumns(fields.map(({ label, value }) => [`  ${label}`, value])),
    ]),
    "",
    "When it does not come",
    ...[...checks, ...commonChecks].map((check) => `  - ${check}`),
  ];
}

/** What has to be said of the box before its address is of any use. */
function placeLines({ addresses, port }: CardPlace): readonly string[] {
  const [address, ...others] = addresses;
  const lines: string[] = [];
  if (address === undefined) {
    lines.push("This box has no address in any network: connect it, then look here again.");
  } else if (isLoopback(address)) {
    lines.push(`Terminals do not reach ${address}: set SERVER_HOST to 0.0.0.0 or leave it out.`);
  } else if (others.length > 0) {
    const also = others.join(", ");
    lines.push(`This box is also ${also}: take the address in the network of the terminal.`);
  }
  if (port === undefined) lines.push("SERVER_PORT is 0: give it a port that stays, such as 7005.");
  return lines;
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || address.startsWith("127.");
}
