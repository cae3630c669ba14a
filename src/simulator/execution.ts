/**
 * What came of a command inside a fake terminal, and the codes that say so.
 */

import type { DeviceState } from "./device-state.ts";
import type { CommandParameters, CommandResult } from "./dialect.ts";
import type { TerminalModel } from "./models.ts";
import type { SimulatedUser } from "./simulated-user.ts";

/** The ways a command can end, by the firmware's own codes (protocol section 7.1). */
export type ReturnCode =
  | "OK"
  | "Error"
  | "ERROR"
  | "ERROR_INVALID_PARAMTER"
  | "ERROR_NOT_SUPPORTED"
  | "ERROR_NO_ID"
  | "ERROR_NO_DATA";

/** What a terminal does after a command. */
export interface Execution {
  /** Undefined when the server never hears of the command again. */
  readonly result: Omit<CommandResult, "commandId" | "returnCode"> & { readonly code: ReturnCode };
  /** False when no result is ever sent. */
  readonly answers: boolean;
  /** Users that the terminal then pushes by itself. */
  readonly pushes: readonly SimulatedUser[];
  readonly reboots: boolean;
}

/** A command under way. */
export interface CommandContext {
  readonly parameters: CommandParameters;
  readonly device: DeviceState;
  readonly model: Pick<TerminalModel, "library" | "quirks" | "wire">;
}

/** Carries one kind of command out. */
export type CommandHandler = (context: CommandContext) => Execution;

/** A result without fields; `pushes` are sent by the terminal itself after it. */
export function ended(code: ReturnCode, pushes: readonly SimulatedUser[] = []): Execution {
  const result = { code, fields: undefined, binaries: [] };
  return { result, answers: true, pushes, reboots: false };
}

/** A result with fields. */
export function answered(fields: object, binaries: readonly Uint8Array[] = []): Execution {
  const result = { code: "OK" as const, fields, binaries };
  return { result, answers: true, pushes: [], reboots: false };
}

/** The terminal is silent about the command. */
export const UNANSWERED: Execution = { ...ended("OK"), answers: false };

/** The terminal restarts and is silent about the command. */
export const REBOOTING: Execution = { ...UNANSWERED, reboots: true };

/** A parameter that must be text; undefined when it is not. */
export function textParameter(context: CommandContext, name: string): string | undefined {
  const value = context.parameters.fields[name];
  return typeof value === "string" ? value : undefined;
}
