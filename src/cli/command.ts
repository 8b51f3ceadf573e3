import type { ParseArgsConfig } from "node:util";
import type { Io } from "./io";

export type Options = NonNullable<ParseArgsConfig["options"]>;

/** A flag of a command: how it is parsed, and how the help shows it. */
export interface Flag {
  /** What stands for the value in the help; without it the flag is a switch. */
  readonly value?: string;
  /** Several values may follow one flag. */
  readonly many?: boolean;
  /** It may be given several times, each time with one value. */
  readonly repeated?: boolean;
  readonly help: string;
}

export interface Context extends Omit<Io, "signal"> {
  readonly signal: AbortSignal;
  /** One line of result for people; silent with --json. */
  print(line: string): void;
  /** One JSON object as a line; silent without --json. */
  emit(object: object): void;
  /** One line on stderr. */
  warn(line: string): void;
}

export class Values {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** The value of a flag; the last one where it was given several times. */
  one(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
}

export interface Command {
  readonly name: string;
  /** What stands behind the name: "NETWORK --image FILE... [--top 5]". */
  readonly synopsis: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** How many words without a flag it takes. */
  readonly positionals: { readonly min: number; readonly max: number };
  /** Computes in one go: an interrupt cannot be heard and just ends the process. */
  readonly deaf?: boolean;
  /** Returns the exit code; throws a Fault, which is printed. */
  run(
    positionals: readonly string[],
    values: Values,
    context: Context,
  ): Promise<number>;
}
