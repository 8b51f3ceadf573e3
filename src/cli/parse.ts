import { parseArgs } from "node:util";
import { Values, type Command, type Options } from "./command";
import { usage } from "./exit";

export interface Parsed {
  readonly positionals: readonly string[];
  readonly values: Values;
  readonly help: boolean;
  readonly json: boolean;
}

/** Strict: an unknown flag, a missing value and a word too many are refused in a sentence. */
export function parse(command: Command, args: readonly string[]): Parsed {
  const options: Options = {
    help: { type: "boolean", short: "h" },
    json: { type: "boolean" },
  };
  for (const [name, flag] of Object.entries(command.flags))
    options[name] = flag.value
      ? { type: "string", multiple: true }
      : { type: "boolean" };
  const { tokens } = attempt(command, () =>
    parseArgs({
      args: spread(command, args),
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    }),
  );
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    else if (token.kind === "option")
      values.set(token.name, [
        ...(values.get(token.name) ?? []),
        ...(token.value === undefined ? [] : [token.value]),
      ]);
  }
  const help = values.has("help");
  const { min, max } = command.positionals;
  if (!help && positionals.length < min)
    throw usage(
      `"proxima ${command.name}" needs ${command.synopsis.split(" ")[0]}.`,
      seeHelp(command),
    );
  if (!help && positionals.length > max)
    throw usage(
      `"proxima ${command.name}" does not know what to do with "${positionals[max]}".`,
      seeHelp(command),
    );
  for (const [name, flag] of Object.entries(command.flags))
    if (!flag.many && !flag.repeated && (values.get(name)?.length ?? 0) > 1)
      throw usage(`--${name} is given twice.`);
  return {
    positionals,
    values: new Values(values),
    help,
    json: values.has("json"),
  };
}

/**
 * Every value joined to its flag: "--image A B" is "--image=A --image=B" where the flag takes many, up to the next
 * flag, and "--targets -5" is "--targets=-5". There is no flag with one minus sign but -h, so that such a word behind
 * a flag that wants a value is its value.
 */
function spread(command: Command, args: readonly string[]): string[] {
  const words: string[] = [];
  /** The flag whose value, or values, may follow. */
  let open: { readonly name: string; readonly many: boolean } | null = null;
  const close = () => {
    if (open && !open.many)
      throw usage(`${open.name} is given without a value.`, seeHelp(command));
    open = null;
  };
  for (const [at, word] of args.entries()) {
    const another = word.startsWith("--") || word === "-h";
    if (open && !open.many && !another) {
      words.push(`${open.name}=${word}`);
      open = null;
    } else if (word.startsWith("-")) {
      close();
      // all that follows are words without a flag
      if (word === "--") return [...words, ...args.slice(at)];
      const flag = word.startsWith("--") ? command.flags[word.slice(2)] : null;
      if (flag?.value) open = { name: word, many: flag.many === true };
      else words.push(word);
    } else words.push(open ? `${open.name}=${word}` : word);
  }
  close();
  return words;
}

function attempt<T>(command: Command, parsing: () => T): T {
  try {
    return parsing();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // node's second sentence is advice about "--" that does not help here
    throw usage(
      message.split(/\. |\n/)[0]?.replace(/\.?$/, ".") ?? "",
      seeHelp(command),
    );
  }
}

export function seeHelp(command: Command): string {
  return `"proxima ${command.name} --help" tells more.`;
}
