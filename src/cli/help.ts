import type { Command, Flag } from "./command";

/** The page of `proxima --help`. */
export function overview(
  commands: readonly Command[],
  version: string,
): string {
  return [
    `Proxima ${version}: see what a network's classes look like, under three gradient rules.`,
    "",
    "Usage: proxima COMMAND ...",
    "",
    ...table(commands.map(({ name, summary }) => [name, summary])),
    "",
    "NETWORK is a file or folder of a network, or the name of one that comes with Proxima or was downloaded.",
    '"proxima COMMAND --help" shows the flags of a command, "proxima --version" the version.',
    "With --json every command prints one JSON object a line on stdout and nothing else.",
    "Exit codes: 0 done, 2 usage, 3 refused file or network, 4 engine, 130 cancelled.",
    "",
  ].join("\n");
}

export function helpOf(command: Command): string {
  const flags: [string, Flag][] = [
    ...Object.entries(command.flags),
    ["json", { help: "one JSON object a line on stdout, and nothing else" }],
    ["help", { help: "this page" }],
  ];
  return [
    command.summary,
    "",
    `Usage: proxima ${command.name} ${command.synopsis}`,
    "",
    ...table(
      flags.map(([name, { value, many, help }]) => [
        `--${name}${value ? ` ${value}` : ""}${many ? "..." : ""}`,
        help,
      ]),
    ),
    "",
  ].join("\n");
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
