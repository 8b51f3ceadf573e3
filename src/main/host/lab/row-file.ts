/**
 * Files to which lines are appended and in which none is ever changed. What was read of one is remembered, so that
 * looking at a long one again reads what has come since, whichever process wrote it.
 */
import { open } from "node:fs/promises";
import { codeOf } from "../folder";

/** What a line says; null: nothing that counts. */
type Parse<Row> = (line: string) => readonly [key: string, row: Row] | null;

interface Known {
  /** The file, should another one take its name. */
  readonly file: string;
  /** Bytes of whole lines that were read. */
  readonly end: number;
  readonly rows: Map<string, unknown>;
}

export interface RowFile<Row> {
  /** By key: of a key that came twice, the later row. The caller's own. */
  readonly rows: Map<string, Row>;
  /** Whether the file ends in the middle of a line: a process was killed there, or is writing. */
  readonly torn: boolean;
}

/** By name; the one that was not read for longest goes. */
const known = new Map<string, Known>();
const mostKnown = 8;

const newline = 10;

/** `as` names what `parse` understands: the same file under another name is read anew. Empty where there is no file. */
export async function readRows<Row>(
  path: string,
  as: string,
  parse: Parse<Row>,
): Promise<RowFile<Row>> {
  const name = `${as} ${path}`;
  const handle = await open(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  });
  if (!handle) {
    known.delete(name);
    return { rows: new Map(), torn: false };
  }
  try {
    const { ino, birthtimeMs, size } = await handle.stat();
    const file = `${ino} ${birthtimeMs}`;
    const before = known.get(name);
    const goesOn = before?.file === file && before.end <= size;
    const start = goesOn ? before.end : 0;
    // under this name there are rows of this parser alone
    const rows = goesOn
      ? (before.rows as Map<string, Row>)
      : new Map<string, Row>();
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    const whole = bytes.lastIndexOf(newline, bytesRead - 1) + 1;
    take(rows, bytes.toString("utf8", 0, whole), parse);
    known.delete(name);
    known.set(name, { file, end: start + whole, rows });
    for (const oldest of known.keys()) {
      if (known.size <= mostKnown) break;
      known.delete(oldest);
    }
    const own = new Map(rows);
    take(own, bytes.toString("utf8", whole, bytesRead), parse);
    return { rows: own, torn: whole < bytesRead };
  } finally {
    await handle.close();
  }
}

function take<Row>(
  rows: Map<string, Row>,
  text: string,
  parse: Parse<Row>,
): void {
  for (const line of text.split("\n")) {
    const found = line === "" ? null : parse(line);
    if (found) rows.set(...found);
  }
}
