/**
 * `<file>.proxima.json`: the answers beside a network's file, for colleagues and the command line. Of a folder it
 * lies in it, named after its main file: `model.json.proxima.json`, `saved_model.pb.proxima.json`.
 */
import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { AnswersFile, SavedAnswers } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { networkExtensions } from "../../shared/network-files";
import { parseStored, storedAnswers } from "../../shared/stored";
import { codeOf, replaceFile } from "./folder";
import { mostShallowBytes, parseShallowJson } from "../../shared/shallow-json";

const suffix = ".proxima.json";
/** Files that make their folder a network. */
const mainFiles = ["model.json", "saved_model.pb"];

/** The answers beside what lies at a path; null where there are none. Throws a Fault `damaged-file`. */
export async function readAnswersBeside(
  path: string,
): Promise<AnswersFile | null> {
  const real = await realpath(path).catch(() => path);
  for (const place of new Set([path, real])) {
    const found = await readAnswersFile(await answersPath(place));
    if (found) return found;
  }
  return null;
}

/** Writes them; "exists" where others are there and `overwrite` is false. Throws a Fault `export-failed`. */
export async function writeAnswersBeside(
  path: string,
  { hash, answers, guessed }: SavedAnswers & { hash: string },
  { overwrite }: { overwrite: boolean },
): Promise<{ outcome: "written" | "exists"; file: string }> {
  const target = await answersPath(path);
  const file = basename(target);
  const there = await lstat(target).catch(() => null);
  if (there && !overwrite) return { outcome: "exists", file };
  // a link would be followed to wherever whoever made the folder wants
  if (there && !there.isFile())
    throw new Fault(
      "export-failed",
      `"${file}" is there and is no plain file.`,
      "Take it away first.",
    );
  const content: AnswersFile = {
    format: "proxima-answers",
    version: 2,
    hash,
    answers,
    guessed,
  };
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  if (Buffer.byteLength(text) > mostShallowBytes)
    throw new Fault(
      "export-failed",
      `The names make "${file}" larger than ${mostShallowBytes} bytes, which is more than is read.`,
      "Leave the names out of the answers, and give them as a file.",
    );
  await replaceFile(target, text);
  return { outcome: "written", file };
}

/** Where the answers for a file or folder lie. */
export async function answersPath(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory()) return `${path}${suffix}`;
  return join(path, `${await mainFileOf(path)}${suffix}`);
}

async function mainFileOf(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const known = mainFiles.find((name) => names.includes(name));
  if (known !== undefined) return known;
  const networks = names.filter(
    (name) =>
      networkExtensions.includes(extname(name).slice(1).toLowerCase()) &&
      extname(name) !== ".json",
  );
  const [only, ...others] = networks;
  return only !== undefined && others.length === 0 ? only : "network";
}

async function readAnswersFile(path: string): Promise<AnswersFile | null> {
  const name = basename(path);
  const found = await stat(path).catch(() => null);
  if (!found) return null;
  const damaged = (why: string, cause?: unknown) =>
    new Fault(
      "damaged-file",
      `"${name}" beside the network ${why}.`,
      "Correct it, or take it away.",
      { cause },
    );
  if (!found.isFile()) throw damaged("is not a plain file");
  if (found.size > mostShallowBytes)
    throw damaged(
      `has ${found.size} bytes; at most ${mostShallowBytes} are read`,
    );
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw damaged(`cannot be read (${codeOf(error)})`, error);
  });
  const content = parseShallowJson(text);
  const parsed = parseStored(storedAnswers, content);
  if (parsed.ok) return parsed.value;
  if (content === undefined) throw damaged("is not readable as JSON");
  throw damaged(
    parsed.why === "future"
      ? `has version ${String(parsed.version)}; this Proxima reads up to ${storedAnswers.version}`
      : `holds no answers that can be read: ${parsed.issue || "not readable"}`,
  );
}
