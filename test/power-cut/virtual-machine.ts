/**
 * A box of its own: a virtual machine on which the service was installed from the one file, on a disk
 * that forgets at a power cut what was not flushed. It reaches nobody, and is reached over ports of
 * this machine.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoringServer } from "../crash/stored-punches.ts";
import { EXECUTABLE, findFreePort } from "../support/running-server.ts";
import { copyDebian, mustRun } from "../system-packages/debian.ts";
import { type CutBlocks, VolatileDisk } from "./volatile-disk.ts";

/** What is in the machine beside Debian's least. */
const PACKAGES = [
  "dbus",
  "initramfs-tools",
  "iproute2",
  "kmod",
  "linux-image-cloud-amd64",
  "procps",
  "systemd",
  "systemd-sysv",
  "udev",
];
const DISK_SIZE = "3G";
const DATA_DIR = "var/lib/biometric-server";
const SETTINGS = "etc/biometric-server/biometric-server.env";
/** Its processor is emulated, and this machine may be busy. */
const BOOT_LIMIT_MS = 300_000;
const PAUSE_MS = 200;

const NETWORK = `[Match]
Type=ether
[Network]
Address=10.0.2.15/24
`;

/** Does what an installer does, once. */
const INSTALLATION = `[Unit]
ConditionPathExists=!/usr/local/bin/biometric-server
After=systemd-networkd.service
[Service]
Type=oneshot
ExecStart=/root/biometric-server install
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=multi-user.target
`;

/** The machine over all its boots. Use it with `await using`. */
export class VirtualMachine implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "biometric-virtual-"));
  readonly terminalPort = findFreePort();
  readonly webUrl: string;
  readonly #webPort = findFreePort();
  readonly #image = join(this.folder, "disk.img");
  readonly #console = join(this.folder, "console");
  #disk: VolatileDisk | undefined;
  #processor: Bun.Subprocess | undefined;

  private constructor() {
    this.webUrl = `http://127.0.0.1:${this.#webPort}`;
  }

  /** Makes one that was not yet booted: its first boot installs the service. */
  static async make(): Promise<VirtualMachine> {
    const machine = new VirtualMachine();
    try {
      await machine.#makeDisk();
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Switches it on and waits until the service is ready, which nobody starts. */
  async boot(options: { readonly obeysFlushes: boolean }): Promise<void> {
    const socket = join(this.folder, "disk.socket");
    this.#disk = new VolatileDisk(this.#image, socket, options.obeysFlushes);
    this.#processor = Bun.spawn(["qemu-system-x86_64", ...this.#hardware(socket)], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    });
    const endsAtMs = performance.now() + BOOT_LIMIT_MS;
    while (!(await this.#isReady())) {
      if (performance.now() > endsAtMs || this.#processor.exitCode !== null) {
        throw new Error(`The service did not come up:\n${this.#lastWords()}`);
      }
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** Takes the power away from all of it at once; as `VolatileDisk.cutAtUnflushed`. */
  async cutPower(
    unflushedCount: number,
    isWritten: () => boolean,
  ): Promise<CutBlocks & { readonly flushes: number }> {
    if (this.#disk === undefined) throw new Error("The machine is off");
    const blocks = await this.#disk.cutAtUnflushed(unflushedCount, isWritten);
    const flushes = this.#disk.flushCount;
    this.#disk = undefined;
    await this.#switchOff();
    return { ...blocks, flushes };
  }

  /** Looks at what a switched off machine has on its disk; on a copy, so that nothing changes. */
  async lookAtDisk<Value>(
    work: (disk: StoringServer & { settings: string }) => Value,
  ): Promise<Value> {
    const [copy, root] = [join(this.folder, "copy.img"), join(this.folder, "root")];
    await mustRun("cp", "--sparse=always", "--reflink=auto", this.#image, copy);
    mkdirSync(root, { recursive: true });
    await mustRun("mount", "-o", "loop", copy, root);
    try {
      const settings = readFileSync(join(root, SETTINGS), "utf8");
      return work({ dataDir: join(root, DATA_DIR), settings });
    } finally {
      await mustRun("umount", root);
      rmSync(copy);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disk?.[Symbol.dispose]();
    await this.#switchOff();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #makeDisk(): Promise<void> {
    const tree = join(this.folder, "tree");
    mkdirSync(tree);
    await copyDebian(PACKAGES, tree);
    const wants = join(tree, "etc/systemd/system/multi-user.target.wants");
    await Bun.write(join(tree, "etc/systemd/network/lan.network"), NETWORK);
    await Bun.write(join(tree, "etc/systemd/system/installation.service"), INSTALLATION);
    await mustRun("ln", "-s", "/etc/systemd/system/installation.service", wants);
    await mustRun("ln", "-s", "/lib/systemd/system/systemd-networkd.service", wants);
    await mustRun("cp", EXECUTABLE, join(tree, "root/biometric-server"));
    for (const name of readdirSync(join(tree, "boot"))) {
      const part = /^(vmlinuz|initrd\.img)-/.exec(name)?.[1];
      if (part !== undefined)
        await mustRun("cp", join(tree, "boot", name), join(this.folder, part));
    }
    await mustRun("truncate", "-s", DISK_SIZE, this.#image);
    await mustRun("mkfs.ext4", "-q", "-F", "-d", tree, this.#image);
    rmSync(tree, { recursive: true });
  }

  #hardware(diskSocket: string): readonly string[] {
    const ports = { 7005: this.terminalPort, 5050: this.#webPort };
    const forwards = Object.entries(ports).map(
      ([inner, outer]) => `hostfwd=tcp:127.0.0.1:${outer}-:${inner}`,
    );
    return [
      // A small box. Its processor is emulated, which needs nothing of this machine.
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "512"],
      ...["-display", "none", "-no-reboot", "-serial", `file:${this.#console}`],
      ...["-kernel", join(this.folder, "vmlinuz"), "-initrd", join(this.folder, "initrd.img")],
      ...["-append", "root=/dev/vda rw console=ttyS0 edd=off panic=-1"],
      // Flushes of the machine reach the disk, and nothing else keeps its writes.
      ...["-drive", `file=nbd+unix:///?socket=${diskSocket},if=virtio,format=raw,cache=none`],
      ...["-netdev", ["user,id=lan,restrict=on", ...forwards].join()],
      ...["-device", "virtio-net-pci,netdev=lan", "-device", "virtio-rng-pci"],
    ];
  }

  async #isReady(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(5000);
      return (await fetch(`${this.webUrl}/readyz`, { signal })).status === 200;
    } catch {
      // Nobody listens there yet.
      return false;
    }
  }

  async #switchOff(): Promise<void> {
    this.#processor?.kill("SIGKILL");
    await this.#processor?.exited;
    this.#processor = undefined;
  }

  #lastWords(): string {
    return readFileSync(this.#console, "utf8").split("\n").slice(-40).join("\n");
  }
}
