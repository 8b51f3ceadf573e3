/**
 * Everything Proxima stores has a format, a version and a schema; each older version has an upgrade to the next.
 * A version from the future is refused and never overwritten.
 */
import type { z } from "zod";
import {
  answersFileSchema,
  galleryRecordSchema,
  runRecordSchema,
} from "./domain";
import { tailOf } from "./tail";

export type Plain = Readonly<Record<string, unknown>>;
/** upgrades[n] takes content of version n to version n + 1; it trusts nothing: the schema checks the result. */
export type Upgrades = Readonly<Record<number, (content: Plain) => Plain>>;

export interface StoredKind<S extends z.ZodType> {
  readonly format: string;
  readonly version: number;
  readonly schema: S;
  readonly upgrades: Upgrades;
}

export type StoredResult<T> =
  | { readonly ok: true; readonly value: T }
  /** `foreign`: another format; `future`: a later version, or none. */
  | {
      readonly ok: false;
      readonly why: "foreign" | "future" | "damaged";
      readonly version: unknown;
      /** Where and what is wrong: "trace.3 expected number". */
      readonly issue: string;
    };

/** Content of any version that is known, as today's. */
export function parseStored<S extends z.ZodType>(
  kind: StoredKind<S>,
  content: unknown,
): StoredResult<z.output<S>> {
  const refused = (why: "foreign" | "future" | "damaged", issue = "") => ({
    ok: false as const,
    why,
    version: isPlain(content) ? content["version"] : undefined,
    issue,
  });
  if (!isPlain(content) || content["format"] !== kind.format)
    return refused("foreign");
  const current = upgraded(content, kind);
  if (!current) return refused("future");
  const parsed = kind.schema.safeParse(current);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  return refused("damaged", `${issue?.path.join(".")} ${issue?.message}`);
}

/** Content taken to today's version step by step; null: of a version that is not known. It trusts nothing. */
export function upgraded(
  content: Plain,
  { version, upgrades }: { version: number; upgrades: Upgrades },
): Plain | null {
  let current = content;
  while (current["version"] !== version) {
    const { version: found } = current;
    const upgrade = typeof found === "number" ? upgrades[found] : undefined;
    if (!upgrade) return null;
    current = upgrade(current);
  }
  return current;
}

export function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function part(value: unknown): Plain {
  return isPlain(value) ? value : {};
}

/** Version 1 ran one seed, and padded every call to the batch. */
function upgradeRequest(request: unknown): Plain {
  return { ...part(request), seeds: 1, padBatch: true };
}

export const storedGallery: StoredKind<typeof galleryRecordSchema> = {
  format: "proxima-gallery",
  version: 3,
  schema: galleryRecordSchema,
  upgrades: {
    1: (old) => ({
      ...old,
      version: 2,
      request: upgradeRequest(old["request"]),
    }),
    2: (old) => ({ ...old, version: 3, networks: null }),
  },
};

export const storedRun: StoredKind<typeof runRecordSchema> = {
  format: "proxima-run",
  version: 2,
  schema: runRecordSchema,
  upgrades: {
    1: (old) => {
      const settings = part(old["settings"]);
      return {
        ...old,
        version: 2,
        tile: { ...part(old["tile"]), seed: 0 },
        network: {
          ...part(old["network"]),
          identity: null,
          assumptions: null,
          output: null,
        },
        head: "softmax",
        seed: settings["seed"],
        batch: settings["batch"],
        tail: tailOf(numbers(old["trace"])),
      };
    },
  },
};

export const storedAnswers: StoredKind<typeof answersFileSchema> = {
  format: "proxima-answers",
  version: 2,
  schema: answersFileSchema,
  upgrades: {
    1: (old) => ({
      ...old,
      version: 2,
      answers: upgradeAnswers(old["answers"]),
      guessed: [],
    }),
  },
};

/** Answers of version 1 knew no assumptions, outputs and heads. */
export function upgradeAnswers(answers: unknown): Plain {
  return { ...part(answers), assumptions: {}, output: null, head: null };
}

function numbers(value: unknown): number[] {
  return Array.isArray(value)
    ? value.filter((item): item is number => typeof item === "number")
    : [];
}
