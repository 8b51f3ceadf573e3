/** What lies beside a network: card.json and labels.json. */
import { cardSchema, labelsSchema, type NetworkCard } from "../../shared/card";
import type { Preprocessing } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import type { NetworkFiles } from "./format";
import { parseJson } from "./json";

export const cardName = "card.json";
export const labelsName = "labels.json";
const mostCardBytes = 2 ** 20;
const mostLabelBytes = 64 * 2 ** 20;

/** The card; null where there is none. Throws a Fault `damaged-file` that names the entry that is wrong. */
export async function readCard(
  files: NetworkFiles,
): Promise<NetworkCard | null> {
  return readChecked(files, cardName, mostCardBytes, (value) =>
    cardSchema.safeParse(value),
  );
}

/** Label by class index; null where there are none. */
export async function readLabels(
  files: NetworkFiles,
): Promise<readonly string[] | null> {
  const labels = await readChecked(files, labelsName, mostLabelBytes, (value) =>
    labelsSchema.safeParse(value),
  );
  return (
    labels?.map((entry) => (typeof entry === "string" ? entry : entry.label)) ??
    null
  );
}

type Parsed<T> =
  | { success: true; data: T }
  | {
      success: false;
      error: {
        issues: readonly {
          path: readonly PropertyKey[];
          message: string;
        }[];
      };
    };

async function readChecked<T>(
  files: NetworkFiles,
  name: string,
  limit: number,
  parse: (value: unknown) => Parsed<T>,
): Promise<T | null> {
  if (!files.names.includes(name)) return null;
  const parsed = parse(parseJson(await files.read(name, limit), name));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join(".") ?? "";
  throw new Fault(
    "damaged-file",
    `"${name}"${where ? ` at "${where}"` : ""}: ${issue?.message ?? "not readable"}.`,
    `Correct "${name}", or take it out of the folder.`,
  );
}

/**
 * The same files, every one of which that the card gives a sha256 for is checked when it is read.
 * The engine has no node:crypto; the digest is the platform's own (WebCrypto).
 */
export function withChecksums(
  files: NetworkFiles,
  card: NetworkCard | null,
): NetworkFiles {
  const sums = new Map(Object.entries(card?.sha256 ?? {}));
  if (sums.size === 0) return files;
  const check = (name: string, found: string) => {
    const expected = sums.get(name);
    if (expected !== undefined && found !== expected.toLowerCase())
      throw new Fault(
        "damaged-file",
        `"${name}" is not the file that ${cardName} describes: its sha256 differs.`,
        "Copy the network again, or correct the card.",
      );
  };
  return {
    title: files.title,
    chosen: files.chosen,
    names: files.names,
    hash: (only) => files.hash(only),
    async open(name) {
      const file = await files.open(name);
      check(name, file.sha256);
      return file;
    },
    async read(name, limit) {
      const bytes = await files.read(name, limit);
      if (sums.has(name)) check(name, await sha256(bytes));
      return bytes;
    },
  };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** The card's preprocessing for so many channels; one value stands for all. */
export function preprocessingFor(
  card: NetworkCard | null,
  channels: number,
): Preprocessing | null {
  const given = card?.preprocessing;
  if (!given) return null;
  const each = (values: readonly number[], what: string): number[] => {
    const [first] = values;
    if (values.length === channels) return [...values];
    if (values.length === 1 && first !== undefined)
      return new Array<number>(channels).fill(first);
    throw new Fault(
      "damaged-file",
      `"${cardName}" gives ${values.length} values of ${what} for ${channels} channels.`,
      `Give one value, or ${channels}.`,
    );
  };
  return {
    order: given.order,
    mean: each(given.mean, "mean"),
    std: each(given.std, "std"),
  };
}
