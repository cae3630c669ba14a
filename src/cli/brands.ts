/**
 * What is typed into the menus of terminals, brand by brand, in the words that they show. Data alone:
 * the verb `device-card` and the README are made from it. Says no more than was seen on hardware or
 * stands in a vendor's documents; `source` tells which.
 */

import { nearestWord } from "#config/nearest-word.ts";

/** A field of a menu. In its value `{address}` and `{port}` stand for those of this box. */
export interface MenuField {
  readonly label: string;
  readonly value: string;
}

/** A menu to open, and what is typed there. */
export interface MenuStep {
  readonly menu: string;
  readonly fields: readonly MenuField[];
}

/** One kind of terminal. */
export interface Brand {
  /** What a person types to see its card. */
  readonly name: string;
  readonly title: string;
  /** Other words for it: models and makers. One that several brands share names none of them. */
  readonly aliases: readonly string[];
  /** How it speaks to this server. */
  readonly protocol: string;
  /** How the menu is known: a sentence. */
  readonly source: string;
  readonly steps: readonly MenuStep[];
  /** What to look at when it does not come, or comes oddly. */
  readonly checks: readonly string[];
}

const FKWEB = "FKWeb (HTTP push)";

/** For every terminal: the fields by all names that are known of them. */
const COMMON: readonly MenuStep[] = [
  {
    menu: '"Comm", "Comm Set" or "Network", and in it "Server" or "Push"',
    fields: [
      { label: "Mode (Net Mode)", value: "Internet (or WAN, BS, FkWeb, HTTP push); never Local" },
      { label: "Server IP", value: "{address}" },
      { label: "Server port (SerPortNo)", value: "{port}" },
      { label: "Server Req, Realtime or Push", value: "Yes" },
      { label: "DNS, Domain Name", value: "off, and empty" },
      { label: "HTTPS (SSL), encryption", value: "off" },
      { label: "Device id (Cloud ID)", value: "as it is: no two terminals may have the same" },
    ],
  },
];

/** What holds for every terminal. */
export const COMMON_CHECKS: readonly string[] = [
  "Leave its menu: while that is open, it sends nothing. Some take a new server only after a restart",
  "Its own port (Port No, often 5005) is another one than the server's: leave it",
  "A firewall on the way has to let TCP port {port} in, and the address of this box must not change",
];

/** Every brand; the last is for all that have no card of their own. */
export const BRANDS: readonly Brand[] = [
  {
    name: "f80",
    title: "FK F80, FK7xx",
    aliases: ["fk", "fk7xx", "fk725hs"],
    protocol: FKWEB,
    source: "Seen on an F80; an FK7xx may name the fields otherwise.",
    steps: [
      {
        menu: "Menu > Comm",
        fields: [
          { label: "Mode", value: "Internet" },
          { label: "Server", value: "{address}" },
          { label: "Port", value: "{port}" },
        ],
      },
    ],
    checks: ["Save, then restart it. In mode Local it sends nothing"],
  },
  {
    name: "ws535",
    title: "WS535 (without a brand on it)",
    aliases: ["ws535bw1"],
    protocol: FKWEB,
    source: "Seen on firmware WS535BW1_BSCS_v1.5.31.",
    steps: [
      {
        menu: "Comm Set > TCP/IP > Server Set",
        fields: [
          { label: "Server IP", value: "{address}" },
          { label: "Server port", value: "{port}" },
          { label: "Server req", value: "Yes" },
          { label: "DNS", value: "No" },
        ],
      },
      { menu: "Comm Set > TCP/IP > Net Mode", fields: [{ label: "Net Mode", value: "Internet" }] },
    ],
    checks: [
      'In Net Mode Local it ignores the server: it connects every 11 s and sends nothing ("local-mode" in `status`)',
      "It shows the address with zeros, as 192.168.001.020: that is the same",
    ],
  },
  {
    name: "m68",
    title: "WitEasy M68",
    aliases: ["witeasy"],
    protocol: FKWEB,
    source: "Seen on hardware.",
    steps: [
      {
        menu: "Network > Server Set",
        fields: [
          { label: "DNS", value: "No" },
          { label: "Server IP", value: "{address}" },
          { label: "SerPortNo", value: "{port}" },
          { label: "Server Req", value: "Yes" },
        ],
      },
      { menu: "Network > Net Mode", fields: [{ label: "Net Mode", value: "Internet" }] },
    ],
    checks: ["Port No in Network > Ethernet is its own port: leave it"],
  },
  {
    name: "revo",
    title: "Fingerspot Revo (WF-206BNC, WFV-208BNC)",
    aliases: ["fingerspot", "wf-206bnc", "wfv-208bnc"],
    protocol: FKWEB,
    source: "Seen on a WF-206BNC, in Indonesian.",
    steps: [
      {
        menu: "Menu > Jaringan (Network)",
        fields: [
          { label: "Mode", value: "Internet" },
          { label: "Server IP", value: "{address}" },
          { label: "Server Port", value: "{port}" },
          { label: "Server Req", value: "Ya (Yes)" },
        ],
      },
    ],
    checks: [
      "In Mode Lokal it sends nothing here",
      "Without power its clock goes back to 2015; this server sets it",
    ],
  },
  {
    name: "bm70w",
    title: "BioMax N-BM70W",
    aliases: ["n-bm70w", "n-bm70w pro", "bm70w pro", "biomax"],
    protocol: `${FKWEB}, to /hdata.aspx`,
    source: "From an installer's notes: the labels may differ.",
    steps: [
      {
        menu: "Comm > Server (or Cloud) settings",
        fields: [
          { label: "Server IP", value: "{address}" },
          { label: "Server Port", value: "{port}" },
          { label: "Realtime (Push)", value: "on" },
        ],
      },
    ],
    checks: [
      "What it could not deliver it tries again every 3 minutes, and its other punches wait behind",
      "Its Cloud ID may hold the letter O and the digit 0: they are two",
    ],
  },
  {
    name: "r6",
    title: "BioMax R6, V536, Smart2 (visible light)",
    aliases: ["v536", "smart2", "aidata", "biomax"],
    protocol: "FKWeb as JSON (HTTP push), to /AIData.aspx",
    source: "Seen on an R6.",
    steps: [
      {
        menu: "Menu > Comm / Network > Push Settings",
        fields: [
          { label: "Enable Domain Name", value: "Off" },
          { label: "Push Server IP", value: "{address}" },
          { label: "Push Server Port", value: "{port}" },
          { label: "HTTPS", value: "Off" },
          { label: "Real Time Req", value: "On" },
        ],
      },
      {
        menu: "The other server address, where it has one: it asks that for commands",
        fields: [
          { label: "Server IP", value: "{address}" },
          { label: "Server Port", value: "{port}" },
        ],
      },
    ],
    checks: [
      "A factory reset turns HTTPS on and forgets Wi-Fi and server: type all in again",
      "If punches come and commands wait for ever, the other server address is not this box's",
    ],
  },
  {
    name: "ebkn",
    title: "EBKN EN-K190FTW, Realand M82, M60, M50",
    aliases: ["en-k190ftw", "k190", "m82", "m60", "m50", "realand"],
    protocol: "FKWeb (HTTP push) or RealSvr as JSON, without TLS",
    source: "From an installer's notes on an EN-K190FTW.",
    steps: [
      {
        menu: "The menu of the server",
        fields: [
          { label: "Server-Client Mode", value: "FkWeb" },
          { label: "Web Server URL", value: "{address}:{port}" },
        ],
      },
    ],
    checks: [
      'Some M82 firmware speaks TLS 1.0 whatever its menu says ("https-on" in `status`): set `SERVER_TLS_PORT` and give it that port',
      'It is not confirmed that it takes the acknowledgement: "resend-storm" in `status` says that it does not; its punches are stored once all the same',
    ],
  },
  {
    name: "realsvr",
    title: "RealSvr, the raw TCP of FK and BioMax N-series kits",
    aliases: ["rtlog", "click", "cl-pc3"],
    protocol: "RealSvr as JSON (RTLOG001 to RTLOG003, or bare), over plain TCP",
    source: "From the vendor's software kit: not confirmed on hardware.",
    steps: [
      {
        menu: "Comm > Server settings",
        fields: [
          { label: "Server IP", value: "{address}" },
          { label: "Server Port", value: "{port}" },
          { label: "Realtime", value: "Yes" },
        ],
      },
    ],
    checks: [
      'The old, binary RealSvr (as of a Click CL-PC3) is not understood. It waits for the server to begin ("local-mode" in `status`), or begins with 33 99 ("old-realsvr"): it needs an HTTP mode, or another firmware',
      "It takes no commands: set its clock in its menu",
      "It numbers its records: `status` tells of numbers that never came",
    ],
  },
  {
    name: "other",
    title: "Any FK terminal (Hysoon, Realand, Secureye and their kin)",
    aliases: ["any", "common", "hysoon", "realand", "secureye"],
    protocol: FKWEB,
    source: "The names that are known of each field: a menu may have others, and not all of them.",
    steps: COMMON,
    checks: [],
  },
];

/** What is known under a name. */
export type FoundBrand =
  | { readonly kind: "one"; readonly brand: Brand }
  | { readonly kind: "several"; readonly names: readonly string[] }
  | { readonly kind: "none"; readonly nearest: string | undefined };

/** Finds a brand by its name, a model or a maker; case, blanks and dashes do not matter. */
export function findBrand(written: string): FoundBrand {
  const key = plain(written);
  const found = BRANDS.filter((brand) => wordsOf(brand).some((word) => plain(word) === key));
  const [brand, ...others] = found;
  if (brand === undefined) {
    return { kind: "none", nearest: nearestWord(written, BRANDS.flatMap(wordsOf)) };
  }
  if (others.length === 0) return { kind: "one", brand };
  return { kind: "several", names: found.map(({ name }) => name) };
}

function wordsOf({ name, aliases }: Brand): readonly string[] {
  return [name, ...aliases];
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
