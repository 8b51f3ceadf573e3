import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/index";

// not the data of whoever runs the tests
process.env["PROXIMA_USER_DATA"] = join(tmpdir(), `proxima-cli-${process.pid}`);

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** stdout as JSON, line by line; throws where a line is none. */
  lines(): Record<string, unknown>[];
}

/** Runs the command line in this process. `onOutput` sees everything as it is written. */
export async function proxima(
  argv: readonly string[],
  options: {
    signal?: AbortSignal;
    terminal?: boolean;
    onOutput?: (text: string) => void;
  } = {},
): Promise<Ran> {
  const { signal, terminal = false, onOutput } = options;
  let out = "";
  let err = "";
  const code = await main(argv, {
    stdout: {
      write(text) {
        out += text;
        onOutput?.(text);
      },
    },
    stderr: {
      isTTY: terminal,
      columns: 100,
      write(text) {
        err += text;
        onOutput?.(text);
      },
    },
    ...(signal ? { signal } : {}),
  });
  return {
    code,
    out,
    err,
    lines: () =>
      out
        .trimEnd()
        .split("\n")
        .filter((line) => line !== "")
        // every command prints objects
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
