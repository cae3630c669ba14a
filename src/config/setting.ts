/**
 * The kinds of settings: how a text becomes a value, and how the wanted form is told to a person.
 * Pure; knows no setting by name.
 */

/** What a table of settings needs to know of one of them. */
export interface Setting<Value> {
  /** As in the settings file and the environment. */
  readonly name: string;
  /** One sentence for the operator, without the limits. */
  readonly meaning: string;
  /** What a value must look like: `an integer from 1 to 65535`. */
  readonly wanted: string;
  /** The value when nothing is set. */
  readonly fallback: Value;
  /** The same as the operator would write it; empty when there is none. */
  readonly fallbackText: string;
  /** A secret never appears in a message, a log or the output of a command. */
  readonly isSecret: boolean;
  /** Whether a running server keeps the value that it was started with; others can be reloaded. */
  readonly needsRestart: boolean;
  /** Undefined when the text, which is never empty, has not the wanted form. */
  parse(text: string): Value | undefined;
}

/** What every kind of setting is told. */
interface Description {
  readonly name: string;
  readonly meaning: string;
  readonly needsRestart?: true;
}

/** An integer within limits, both inclusive. `fallback` undefined: off unless set. */
export function integer<Fallback extends number | undefined>(
  description: Description & {
    readonly min: number;
    readonly max: number;
    readonly fallback: Fallback;
    /** What is counted, in plural: `days`. */
    readonly unit?: string;
  },
): Setting<number | Fallback> {
  const { name, meaning, needsRestart = false, min, max, fallback, unit } = description;
  return {
    name,
    meaning,
    wanted: `an integer from ${min} to ${max}${unit === undefined ? "" : ` (${unit})`}`,
    fallback,
    fallbackText: fallback === undefined ? "" : String(fallback),
    isSecret: false,
    needsRestart,
    parse(text) {
      if (!/^[+-]?\d{1,15}$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A duration written in whole seconds and kept in milliseconds. */
export function seconds(
  description: Description & {
    readonly min: number;
    readonly max: number;
    readonly fallback: number;
  },
): Setting<number> {
  return scaled(integer({ ...description, unit: "seconds" }), 1000);
}

/** A size written in whole KiB and kept in bytes. */
export function kibibytes(
  description: Description & {
    readonly min: number;
    readonly max: number;
    readonly fallback: number;
  },
): Setting<number> {
  return scaled(integer({ ...description, unit: "KiB" }), 1024);
}

/** A size written in whole MiB and kept in bytes. */
export function mebibytes(
  description: Description & {
    readonly min: number;
    readonly max: number;
    readonly fallback: number;
  },
): Setting<number> {
  return scaled(integer({ ...description, unit: "MiB" }), 1_048_576);
}

/** One of a few words, in any case. */
export function choice<Word extends string>(
  description: Description & {
    readonly words: readonly Word[];
    readonly fallback: Word;
    /** Other spellings of the words, in lower case. */
    readonly aliases?: Readonly<Record<string, Word>>;
  },
): Setting<Word> {
  const { name, meaning, needsRestart = false, words, fallback, aliases = {} } = description;
  const listed = words.map((word) => `"${word}"`).join(", ");
  return {
    name,
    meaning,
    wanted: `${words.length > 1 ? "one of " : ""}${listed}`,
    fallback,
    fallbackText: fallback,
    isSecret: false,
    needsRestart,
    parse(text) {
      const lowered = text.toLowerCase();
      return words.find((word) => word === lowered) ?? ownValue(aliases, lowered);
    },
  };
}

/** On or off: `true` and `false` as the replaced server wrote them, and the other usual words. */
export function flag(description: Description & { readonly fallback: boolean }): Setting<boolean> {
  const { name, meaning, needsRestart = false, fallback } = description;
  return {
    name,
    meaning,
    wanted: `"true" or "false" (also yes/no, on/off, 1/0, in any case)`,
    fallback,
    fallbackText: String(fallback),
    isSecret: false,
    needsRestart,
    parse: (text) => ownValue(FLAG_WORDS, text.toLowerCase()),
  };
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

/** A text of one line. `parse` may narrow and rewrite it. */
export function text<Fallback extends string | undefined>(
  description: Description & {
    readonly wanted: string;
    readonly fallback: Fallback;
    readonly parse: (text: string) => string | undefined;
  },
): Setting<string | Fallback> {
  const { needsRestart = false, fallback } = description;
  return { ...description, fallbackText: fallback ?? "", isSecret: false, needsRestart };
}

/** A secret of at least one character. */
export function secret(description: Description): Setting<string | undefined> {
  return {
    ...description,
    wanted: "at least 1 character, without control characters",
    fallback: undefined,
    fallbackText: "",
    isSecret: true,
    needsRestart: description.needsRestart ?? false,
    parse: (value) => (isOneLine(value) ? value : undefined),
  };
}

/** Words between commas; blanks around a word do not count. */
export function list(description: Description): Setting<readonly string[]> {
  return {
    ...description,
    wanted: "words between commas",
    fallback: [],
    fallbackText: "",
    isSecret: false,
    needsRestart: description.needsRestart ?? false,
    parse(value) {
      const words = value.split(",").map((word) => word.trim());
      return isOneLine(value) ? words.filter((word) => word !== "") : undefined;
    },
  };
}

/** Whether the text has no control character. */
export function isOneLine(value: string): boolean {
  return !/\p{Cc}/u.test(value);
}

function scaled(setting: Setting<number>, factor: number): Setting<number> {
  return {
    ...setting,
    fallback: setting.fallback * factor,
    parse(value) {
      const parsed = setting.parse(value);
      return parsed === undefined ? undefined : parsed * factor;
    },
  };
}

function ownValue<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
