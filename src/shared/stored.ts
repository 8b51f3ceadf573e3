/**
 * Everything Proxima stores has a format, a version and a schema; each older version has an upgrade to the next.
 * A version from the future is refused and never overwritten.
 */
import { z } from "zod";
import {
  answersFileSchema,
  galleryRecordSchema,
  runRecordSchema,
} from "./domain";
import { tailOf } from "./tail";

type Plain = Readonly<Record<string, unknown>>;

export interface StoredKind<S extends z.ZodType> {
  readonly format: string;
  readonly version: number;
  readonly schema: S;
  /** upgrades[n] takes content of version n to version n + 1; it trusts nothing: the schema checks the result. */
  readonly upgrades: Readonly<Record<number, (content: Plain) => Plain>>;
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
  let current: Plain = content;
  for (;;) {
    const { version } = current;
    if (version === kind.version) break;
    const upgrade =
      typeof version === "number" ? kind.upgrades[version] : undefined;
    if (!upgrade) return refused("future");
    current = upgrade(current);
  }
  const parsed = kind.schema.safeParse(current);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  return refused("damaged", `${issue?.path.join(".")} ${issue?.message}`);
}

function isPlain(value: unknown): value is Plain {
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
  version: 2,
  schema: galleryRecordSchema,
  upgrades: {
    1: (old) => ({
      ...old,
      version: 2,
      request: upgradeRequest(old["request"]),
    }),
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
