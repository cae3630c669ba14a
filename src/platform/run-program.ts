/** Runs another program to its end. */

/** How it ended, and what it said. */
export interface ProgramResult {
  /** 127 when there is no such program, 137 when it took too long and was killed. */
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}

const NOT_FOUND_CODE = 127;
const KILLED_CODE = 137;
/** What programs get of this process's environment: nothing that could change what they print. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C.UTF-8",
  SYSTEMD_COLORS: "0",
  SYSTEMD_PAGER: "",
} as const;

/** Never rejects. Waits `limitMs` at most. */
export async function runProgram(
  argv: readonly string[],
  limitMs = 60_000,
): Promise<ProgramResult> {
  const [name = ""] = argv;
  const path = name.includes("/") ? name : Bun.which(name, { PATH: ENVIRONMENT.PATH });
  if (path === null) return { exitCode: NOT_FOUND_CODE, out: "", error: `no program "${name}"` };
  try {
    const run = Bun.spawn([path, ...argv.slice(1)], {
      env: ENVIRONMENT,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: limitMs,
      killSignal: "SIGKILL",
    });
    const [out, error] = await Promise.all([run.stdout.text(), run.stderr.text()]);
    await run.exited;
    return { exitCode: run.exitCode ?? KILLED_CODE, out, error: error.trim() };
  } catch (error) {
    return { exitCode: NOT_FOUND_CODE, out: "", error: String(error) };
  }
}
