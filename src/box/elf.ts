/** Tells for which processor a program was made. Pure. */

/** Processors this server is built for. */
export type Machine = "x64" | "arm64";

const MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
/** https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html: `e_machine`, little-endian. */
const MACHINE_OFFSET = 18;
const MACHINES: Readonly<Record<number, Machine>> = { 62: "x64", 183: "arm64" };

/** As many bytes of the beginning of a file as `readMachine` looks at. */
export const ELF_HEAD_BYTES = 20;

/** `not-a-program`: no ELF file. `other-machine`: for a processor that this server has no build for. */
export function readMachine(head: Uint8Array): Machine | "not-a-program" | "other-machine" {
  const isElf = head.length >= ELF_HEAD_BYTES && MAGIC.every((byte, at) => head[at] === byte);
  if (!isElf) return "not-a-program";
  const code = (head[MACHINE_OFFSET] ?? 0) + 256 * (head[MACHINE_OFFSET + 1] ?? 0);
  return MACHINES[code] ?? "other-machine";
}
