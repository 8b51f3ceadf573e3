/** Targets off the command line: what a run moves, and which way. */
import { readFile } from "node:fs/promises";
import { codeOf } from "../main/host/folder";
import { limits, type Head, type Target } from "../shared/domain";
import { unitWords } from "../shared/head";
import { logitTarget, nameTarget, titleTarget } from "../shared/target";
import { labTarget, type LabTarget } from "../shared/lab/targets";
import type { OpenedNetwork } from "../main/host/networks";
import type { Values } from "./command";
import { usage } from "./exit";

/** The output values of a network that targets are read against. */
export interface Units {
  /** A name for each; some may share one. */
  readonly labels: readonly string[];
  readonly head: Head;
}

/** For the help of a flag that takes a list of targets. */
export const targetsHelp =
  'classes by index, range or label: 5, 0-9, bee, all, @FILE (one a line, # begins a comment), separated by commas; class:LABEL or index:N where a label is a number, class:"A, B" where it has a comma; a minus sign minimises: -5, -class:bee';

/** For the help of a flag that takes one target. */
export const targetHelp =
  "the class: an index or a label; class:LABEL or index:N where a label is a number; with a minus sign, -5, the objective is the negative logit, and so are score and gradient";

/**
 * A list of targets, each once.
 * @throws a usage Fault for what names no target, several, or one of them twice
 */
export async function readTargets(
  flag: string,
  text: string,
  units: Units,
): Promise<Target[]> {
  const reader = new TargetReader(flag, units);
  const targets: Target[] = [];
  for (const entry of entriesOf(flag, text))
    targets.push(...(await reader.entry(entry)));
  if (targets.length > limits.targets)
    throw usage(
      `${flag} names ${targets.length} ${reader.many}; at most ${limits.targets} fit into one run.`,
      "Name a range of them.",
    );
  const seen = new Set<string>();
  for (const target of targets) {
    const name = nameTarget(target);
    if (seen.has(name)) throw usage(`${flag} names ${reader.title(target)} twice.`); // prettier-ignore
    seen.add(name);
  }
  return targets;
}

/**
 * One target; a comma belongs to its label.
 * @throws a usage Fault for what names none or several
 */
export async function readTarget(
  flag: string,
  text: string,
  units: Units,
): Promise<Target> {
  const reader = new TargetReader(flag, units);
  const targets = await reader.entry(entryOf(text));
  const [target] = targets;
  if (!target || targets.length > 1)
    throw usage(
      `${flag} takes one ${reader.one}, and "${text}" names ${targets.length}.`,
    );
  return target;
}

/** What an experiment is asked to climb, from --targets. */
export async function readLabTargets(
  values: Values,
  network: OpenedNetwork | null,
): Promise<LabTarget[]> {
  const targets = await readTargets(
    "--targets",
    values.one("targets") ?? "",
    network?.info ?? { labels: [], head: "softmax" },
  );
  return targets.map(labTarget);
}

/** What stands between two commas. */
interface Entry {
  readonly minimise: boolean;
  /** `label`: nothing but a label, whatever it looks like. */
  readonly kind: "label" | "index" | "file" | "any";
  readonly text: string;
}

/** An entry in quotes, where a comma is part of the label or the file's name; "" stands for a quote. */
const quoted = /\s*([-−]?)(class:|@)?"((?:[^"]|"")*)"\s*(?=,|$)/y;
const plain = /[^,]*/y;

function entriesOf(flag: string, text: string): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at <= text.length; at++) {
    quoted.lastIndex = plain.lastIndex = at;
    const match = quoted.exec(text) ?? plain.exec(text);
    const found = match?.[0] ?? "";
    if (found.trim() === "")
      throw usage(`${flag} has an empty entry in "${text}".`);
    entries.push(entryOf(found));
    at += found.length;
  }
  return entries;
}

function entryOf(text: string): Entry {
  quoted.lastIndex = 0;
  const inQuotes = quoted.exec(text);
  if (inQuotes && inQuotes[0].length === text.length)
    return {
      minimise: inQuotes[1] !== "",
      kind: inQuotes[2] === "@" ? "file" : "label",
      text: (inQuotes[3] ?? "").replaceAll('""', '"'),
    };
  const trimmed = text.trim();
  const minimise = /^[-−]/.test(trimmed);
  const rest = minimise ? trimmed.slice(1).trim() : trimmed;
  for (const [prefix, kind] of prefixes)
    if (rest.startsWith(prefix))
      return { minimise, kind, text: rest.slice(prefix.length).trim() };
  return { minimise, kind: "any", text: rest };
}

const prefixes = [
  ["class:", "label"],
  ["index:", "index"],
  ["@", "file"],
] as const;

class TargetReader {
  readonly one: string;
  readonly many: string;
  readonly #flag: string;
  readonly #labels: readonly string[];
  /** Indices by label, as it is written and without regard to case. */
  readonly #exact = new Map<string, number[]>();
  readonly #folded = new Map<string, number[]>();

  constructor(flag: string, { labels, head }: Units) {
    this.#flag = flag;
    this.#labels = labels;
    [this.one, this.many] = unitWords(head);
    for (const [index, label] of labels.entries()) {
      add(this.#exact, label, index);
      add(this.#folded, label.toLowerCase(), index);
    }
  }

  /** "bee" (1), "−bee" (1). */
  title(target: Target): string {
    const label = this.#labels[target.index] ?? "";
    return `"${titleTarget(label, target)}" (${target.index})`;
  }

  async entry(entry: Entry): Promise<Target[]> {
    if (entry.kind === "file") return this.#file(entry);
    return this.#indices(entry).map((index) =>
      logitTarget(index, entry.minimise),
    );
  }

  async #file({ text: path, minimise }: Entry): Promise<Target[]> {
    const content = await readFile(path, "utf8").catch((error: unknown) => {
      throw this.#bad(
        codeOf(error) === "ENOENT"
          ? `there is no file "${path}".`
          : `"${path}" cannot be read (${codeOf(error)}).`,
      );
    });
    const targets: Target[] = [];
    for (const line of content.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)) {
      const text = this.#withoutComment(line);
      if (text === "") continue;
      const entry = entryOf(text);
      if (entry.kind === "file")
        throw this.#bad(
          `"${path}" names another file, ${text}.`,
          `A file lists ${this.many}, one a line.`,
        );
      if (entry.minimise && minimise)
        throw this.#bad(`"${text}" in "${path}" is minimised twice.`);
      targets.push(
        ...(await this.entry({
          ...entry,
          minimise: minimise || entry.minimise,
        })),
      );
    }
    if (targets.length === 0)
      throw this.#bad(`"${path}" names no ${this.one}.`);
    return targets;
  }

  /** A line without what follows " #"; a label may hold one. */
  #withoutComment(line: string): string {
    const text = line.trim();
    if (text.startsWith("#")) return "";
    return this.#called(text).length > 0 ? text : text.replace(/\s+#.*$/, "");
  }

  #indices({ kind, text }: Entry): number[] {
    if (kind === "label") return [this.#label(text)];
    if (kind === "any" && text.toLowerCase() === "all") {
      if (this.#called(text).length > 0)
        throw this.#bad(
          `"${text}" is the name of a ${this.one} and stands for all of them.`,
          `Write class:${text} or index:0-${this.#labels.length - 1}.`,
        );
      return [...this.#labels.keys()];
    }
    const range = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(text);
    if (!range) {
      if (kind === "index")
        throw this.#bad(
          `"${text}" is no index.`,
          "Write index:5, or index:0-9 for a range.",
        );
      return [this.#label(text)];
    }
    const first = Number(range[1]);
    const last = range[2] === undefined ? first : Number(range[2]);
    if (kind === "any") this.#refuseAmbiguous(text, first, last);
    for (const index of [first, last])
      if (index >= this.#labels.length)
        throw this.#bad(
          `there is no ${this.one} ${index}; the ${this.#labels.length} ${this.many} count from 0 to ${this.#labels.length - 1}.`,
        );
    if (last < first)
      throw this.#bad(
        `the range ${text} runs backwards.`,
        `Write ${last}-${first}.`,
      );
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }

  /** A number that is also the label of another index, by itself or in a range: it may mean either. */
  #refuseAmbiguous(text: string, first: number, last: number): void {
    const whole = this.#called(text);
    const range = first !== last;
    if (range && whole.length > 0)
      throw this.#bad(
        `"${text}" is the name of a ${this.one} and a range of indices.`,
        `Write class:${text} or index:${text}.`,
      );
    // what lies beyond the last index is refused after this
    const end = range ? Math.min(last, this.#labels.length - 1) : first;
    for (let i = 0; i <= end - first; i++) {
      const number = first + i;
      const name = range ? String(number) : text;
      const other = this.#called(name).find((index) => index !== number);
      if (other === undefined) continue;
      const there = this.#labels[number];
      throw this.#bad(
        there === undefined
          ? `there is no ${this.one} ${number}, but ${this.one} ${other} is called "${name}".`
          : `"${text}" is ambiguous: ${this.one} ${number} is called "${there}", and ${this.one} ${other} is called "${name}".`,
        there === undefined
          ? `Write class:${name}.`
          : range
            ? `Write index:${text}, or class:${name} and so on.`
            : `Write class:${name} or index:${number}.`,
      );
    }
  }

  #label(text: string): number {
    const found = this.#called(text);
    const [index] = found;
    if (index === undefined)
      throw this.#bad(`no ${this.one} is called "${text}".`, this.#hint(text));
    if (found.length > 1)
      throw this.#bad(
        `several ${this.many} are called "${text}": ${found.slice(0, 5).join(", ")}${found.length > 5 ? ", ..." : ""}.`,
        `Give the index of one: index:${index}.`,
      );
    return index;
  }

  /** Indices of a label: as it is written, else without regard to case. */
  #called(text: string): readonly number[] {
    return this.#exact.get(text) ?? this.#folded.get(text.toLowerCase()) ?? [];
  }

  #hint(text: string): string {
    const minus = this.#called(`-${text}`)[0];
    if (minus !== undefined)
      return `"-${text}" is a name with a minus sign: write class:-${text}.`;
    const wanted = text.toLowerCase();
    const like = this.#labels
      .filter((label) => label.toLowerCase().includes(wanted))
      .slice(0, 3)
      .map(spell);
    return text !== "" && like.length > 0
      ? `Did you mean ${like.join(" or ")}?`
      : 'Give an index, or a label as "proxima score" prints it.';
  }

  #bad(cause: string, remedy = ""): Error {
    return usage(`${this.#flag}: ${cause}`, remedy);
  }
}

function add(lists: Map<string, number[]>, name: string, index: number): void {
  const list = lists.get(name);
  if (list) list.push(index);
  else lists.set(name, [index]);
}

/** A label as it is typed. */
function spell(label: string): string {
  return label.includes(",") || label.includes('"')
    ? `class:"${label.replaceAll('"', '""')}"`
    : label;
}
