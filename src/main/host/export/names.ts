/** File names made of labels that strangers wrote. */
import type { RunRecord } from "../../../shared/domain";
import { spellMethod } from "../../../shared/method";
import { nameTarget } from "../../../shared/target";

/** Bytes of UTF-8 a label may take of a name: file systems hold 255, and target, method, rule and suffix follow. */
const longestLabel = 120;

/**
 * A label as the start of a file name on every system: no separators, no characters Windows forbids,
 * nothing invisible, and no dot, so that what follows keeps a reserved name (CON, NUL) from standing alone.
 */
export function safeLabel(label: string): string {
  const plain = label
    .normalize("NFC")
    // C: control, format (bidi overrides among them), surrogates, private use, unassigned.
    .replace(/(?!\s)\p{C}/gu, "")
    .replace(/[\s<>:"/\\|?*.]+/gu, "_")
    .replace(/^[-_~]+|_+$/g, "");
  let safe = "";
  for (const { segment } of new Intl.Segmenter().segment(plain)) {
    if (Buffer.byteLength(safe + segment) > longestLabel) break;
    safe += segment;
  }
  return safe || "class";
}

/** `<label>-<target>-<method>`, and the seed where there are several, for every run, each unlike all others on a system that ignores case. */
export function fileStems(runs: readonly RunRecord[]): string[] {
  const taken = new Set<string>();
  const seeds = new Set(runs.map(({ seed }) => seed)).size > 1;
  return runs.map((run) => {
    const method = spellMethod(run.method).replaceAll(":", "-");
    const stem = `${safeLabel(run.label)}-${nameTarget(run.target)}-${method}${seeds ? `-s${run.seed}` : ""}`;
    let name = stem;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}_${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
