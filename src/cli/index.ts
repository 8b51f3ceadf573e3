/** The command line: parses, runs a command over the host's functions, prints, and says how it ended. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../main/host/folder";
import { memoryFault } from "../main/host/memory";
import { projectFolder } from "../main/host/resources";
import { encodeFault, Fault } from "../shared/fault";
import type { Command, Context } from "./command";
import { bench } from "./commands/bench";
import { download } from "./commands/download";
import { exportCommand } from "./commands/export";
import { gradient } from "./commands/gradient";
import { inspect } from "./commands/inspect";
import { labCommands } from "./commands/lab";
import { merge } from "./commands/merge";
import { networks } from "./commands/networks";
import { render } from "./commands/render";
import { score } from "./commands/score";
import { train } from "./commands/train";
import { exitCodeOf, exitCodes, usage } from "./exit";
import { helpOf, overview } from "./help";
import type { Io } from "./io";
import { parse } from "./parse";

/** A new command is a file in commands/ and a line here. */
const commands: readonly Command[] = [
  inspect,
  score,
  gradient,
  render,
  merge,
  exportCommand,
  bench,
  networks,
  download,
  train,
  ...labCommands,
];

/**
 * Runs a command line, the program's name left out, and returns the exit code; never throws.
 * The first interrupt cancels and keeps what is there, the second one ends the process.
 */
export async function main(
  argv: readonly string[],
  io: Io = process,
): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => {
    stop.abort();
  };
  // whoever read the output has gone: `proxima ... | head`
  const unread = (error: unknown) => {
    if (codeOf(error) !== "EPIPE") throw error;
    stop.abort();
  };
  const deaf = commands.find(({ name }) => name === argv[0])?.deaf === true;
  // once: without this listener the next interrupt does what it always does
  if (!deaf) process.once("SIGINT", interrupt);
  if (io === process) process.stdout.on("error", unread);
  const signal = io.signal
    ? AbortSignal.any([io.signal, stop.signal])
    : stop.signal;
  try {
    return await dispatch(argv, io, signal);
  } catch (error) {
    if (signal.aborted && (error === signal.reason || isAbort(error)))
      return exitCodes.cancelled;
    const fault = memoryFault(error, 1);
    const { message, remedy } = encodeFault(fault);
    const advice = fault instanceof Fault ? remedy : "";
    io.stderr.write(`proxima: ${`${message} ${advice}`.trim()}\n`);
    return exitCodeOf(fault);
  } finally {
    process.off("SIGINT", interrupt);
  }
}

async function dispatch(
  argv: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const { name, command, args } = commandOf(argv);
  if (name === undefined) {
    io.stderr.write(overview(commands, version()));
    return exitCodes.usage;
  }
  if (name === "--version" || name === "-v") {
    io.stdout.write(`${version()}\n`);
    return exitCodes.done;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    io.stdout.write(overview(commands, version()));
    return exitCodes.done;
  }
  if (!command && name === "lab")
    throw usage(
      args[0] === undefined || args[0].startsWith("-")
        ? '"proxima lab" needs the name of an experiment.'
        : `The Lab has no experiment "${args[0]}".`,
      `Experiments are ${labCommands.map((known) => known.name.replace("lab ", "")).join(", ")}.`,
    );
  if (!command)
    throw usage(
      `There is no command "${name}".`,
      `Commands are ${commands.map((known) => known.name).join(", ")}.`,
    );
  const { positionals, values, help, json } = parse(command, args);
  if (help) {
    io.stdout.write(helpOf(command));
    return exitCodes.done;
  }
  const context: Context = {
    stdout: io.stdout,
    stderr: io.stderr,
    signal,
    print(line) {
      if (!json) io.stdout.write(`${line}\n`);
    },
    emit(object) {
      if (json) io.stdout.write(`${JSON.stringify(object)}\n`);
    },
    warn(line) {
      io.stderr.write(`proxima: ${line}\n`);
    },
  };
  return command.run(positionals, values, context);
}

/** A command's name is one word, or two: "lab moments". */
function commandOf(argv: readonly string[]) {
  const [name, second] = argv;
  const two = `${name} ${second}`;
  const long = commands.find((known) => known.name === two);
  if (long) return { name: two, command: long, args: argv.slice(2) };
  const command = commands.find((known) => known.name === name);
  return { name, command, args: argv.slice(1) };
}

function version(): string {
  const text = readFileSync(join(projectFolder(), "package.json"), "utf8");
  // our own file
  return (JSON.parse(text) as { version: string }).version;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
