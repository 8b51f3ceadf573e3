/**
 * Names of classes in a file, index by index:
 *
 * | file                                                          | as                                  |
 * | ------------------------------------------------------------- | ----------------------------------- |
 * | a name a line; ids of synsets before them are left out        | text                                |
 * | `0 tench` a line, or `0,tench`, also quoted, also with a head | text, CSV: the numbers are indices  |
 * | `["tench", ...]`, `[{ "label": "tench" }, ...]`               | JSON                                |
 * | `{ "0": "tench", ... }`, `{ "0": ["n01440764", "tench"] }`    | JSON: the keys are indices          |
 * | `{ "tench": 0, ... }`                                         | JSON: the values are indices        |
 * | `{0: 'tench', ...}`, `['tench', ...]`                         | what Python prints of the same      |
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { limits } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { codeOf } from "./folder";
import { parsePythonLiteral } from "./python-literal";
import { mostShallowBytes, parseShallowJson } from "../../shared/shallow-json";

const mostLabels = 1_000_000;

/** Classes without a name have an empty one. Throws a Fault `damaged-file`. */
export async function readLabelsFile(path: string): Promise<string[]> {
  const title = basename(path);
  const text = textOf(await readSmall(path, title), title);
  const labels = parseLabels(text, title);
  if (labels.every((label) => label === ""))
    throw damaged(title, "holds no names");
  const long = labels.findIndex((label) => label.length > limits.text);
  if (long >= 0)
    throw damaged(
      title,
      `has a name of ${labels[long]?.length} characters for index ${long}; at most ${limits.text} are taken`,
    );
  return labels;
}

/** As {@link readLabelsFile}, of a text. */
export function parseLabels(text: string, title: string): string[] {
  const first = text.trimStart()[0];
  if (first === "[" || first === "{") {
    const content = parseShallowJson(text) ?? parsePythonLiteral(text);
    if (content !== undefined) return labelsInJson(content, title);
    if (/\.json$/i.test(title)) throw damaged(title, "is not readable as JSON");
  }
  return labelsInLines(text, title);
}

function labelsInJson(content: unknown, title: string): string[] {
  if (Array.isArray(content)) {
    checkCount(content.length, title);
    return content.map((entry: unknown, index) => {
      const name = nameOf(entry);
      if (name === null)
        throw damaged(title, `has no name in place ${index} of its list`);
      return name;
    });
  }
  if (typeof content !== "object" || content === null)
    throw damaged(title, "holds neither a list of names nor names by index");
  const entries = Object.entries(content as Record<string, unknown>);
  if (entries.length > 0 && entries.every(([, value]) => isIndex(value)))
    return placed(
      entries.map(([name, index]) => [Number(index), name] as const),
      title,
    );
  return placed(
    entries.map(([key, value]) => {
      const name = nameOf(value);
      if (!/^\d{1,7}$/.test(key) || name === null)
        throw damaged(
          title,
          `has "${key.slice(0, 50)}" where an index with a name should be`,
        );
      return [Number(key), name] as const;
    }),
    title,
  );
}

/** A name, `{ label }` or `{ name }`, or ImageNet's [id, name]. */
function nameOf(entry: unknown): string | null {
  if (typeof entry === "string") return entry.trim();
  if (Array.isArray(entry)) {
    const last: unknown = entry.at(-1);
    return typeof last === "string" ? last.trim().replaceAll("_", " ") : null;
  }
  if (typeof entry !== "object" || entry === null) return null;
  const found =
    ("label" in entry && entry.label) || ("name" in entry && entry.name);
  return typeof found === "string" ? found.trim() : null;
}

function isIndex(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

const numbered = /^"?(\d{1,7})"?(?:\s*[,;:\t]\s*|\s+)(.+)$/;
const synset = /^n\d{8}\s+/;

function labelsInLines(text: string, title: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
  checkCount(lines.length, title);
  const filled = lines.filter((line) => line.trim() !== "");
  const table = /^(class|index|id|idx|label|"(class|index|id)")\w*\s*[,;\t]/i;
  const rows = table.test(filled[0] ?? "") ? filled.slice(1) : filled;
  const pairs = rows.map((row) => {
    const [, index, name = ""] = numbered.exec(row.trim()) ?? [];
    return [index === undefined ? -1 : Number(index), unquoted(name)] as const;
  });
  const indices = new Set(pairs.map(([index]) => index));
  // names may begin with numbers: only a full count from 0 on is one of indices
  const counts =
    pairs.length > 0 &&
    indices.size === pairs.length &&
    pairs.every(([index]) => index >= 0 && index < pairs.length);
  if (counts) return placed(pairs, title);
  if (rows.length < filled.length)
    throw damaged(
      title,
      "has the head of a table, but its rows do not count from 0 on",
    );
  const synsets = filled.every((line) => synset.test(line));
  return lines.map((line) =>
    unquoted(synsets ? line.replace(synset, "") : line),
  );
}

/** The first field of a row's rest: CSV puts names with commas into quotes, and doubles quotes within. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  const quoted = /^"((?:[^"]|"")*)"/.exec(trimmed)?.[1];
  return (quoted?.replaceAll('""', '"') ?? trimmed).trim();
}

function placed(
  pairs: readonly (readonly [number, string])[],
  title: string,
): string[] {
  const most = pairs.reduce((max, [index]) => Math.max(max, index), -1);
  checkCount(most + 1, title);
  const labels = new Array<string>(most + 1).fill("");
  const seen = new Set<number>();
  for (const [index, name] of pairs) {
    if (seen.has(index)) throw damaged(title, `names index ${index} twice`);
    seen.add(index);
    labels[index] = name;
  }
  return labels;
}

function checkCount(count: number, title: string): void {
  if (count > mostLabels)
    throw damaged(
      title,
      `holds ${count} names; at most ${mostLabels} are taken`,
    );
}

function textOf(bytes: Uint8Array, title: string): string {
  try {
    // takes a byte order mark away
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // said below
  }
  throw damaged(title, "is no text in UTF-8", "Save it as UTF-8.");
}

async function readSmall(path: string, title: string): Promise<Uint8Array> {
  try {
    // not blocking keeps a pipe from hanging the host
    const file = await open(
      path,
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0),
    );
    try {
      const found = await file.stat();
      if (!found.isFile()) throw damaged(title, "is not a plain file");
      if (found.size > mostShallowBytes)
        throw damaged(
          title,
          `has ${found.size} bytes; at most ${mostShallowBytes} are read`,
        );
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw damaged(
      title,
      codeOf(error) === "ENOENT"
        ? "is not there"
        : `cannot be read (${codeOf(error)})`,
    );
  }
}

function damaged(title: string, what: string, remedy?: string): Fault {
  return new Fault(
    "damaged-file",
    `${title} ${what}.`,
    remedy ??
      "Names are read from text with one a line, JSON, or CSV of index and name.",
  );
}
