/** Settings of experiments, checked and read back through the experiment's own schema. */
import type { z } from "zod";
import {
  experimentSpecs,
  type ExperimentId,
  type LabSettings,
} from "../../shared/lab";

/** What is wrong with some settings, in a sentence; null where nothing is. */
export function problemOf(
  experiment: ExperimentId,
  settings: unknown,
): string | null {
  const schema: z.ZodType = experimentSpecs[experiment].settings;
  const parsed = schema.safeParse(settings);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  return issue ? sentence(issue.message) : "This is not valid.";
}

/**
 * Settings from what was remembered: fields this version does not know, or whose values it does not take, are as
 * at first, and the others as they were.
 */
export function recallSettings<K extends ExperimentId>(
  experiment: K,
  remembered: unknown,
): LabSettings<K> {
  const schema: z.ZodType = experimentSpecs[experiment].settings;
  const fields = new Map<string, unknown>(
    typeof remembered === "object" && remembered !== null
      ? Object.entries(remembered)
      : [],
  );
  for (;;) {
    const parsed = schema.safeParse(Object.fromEntries(fields));
    // It was parsed by this experiment's schema.
    if (parsed.success) return parsed.data as LabSettings<K>;
    const before = fields.size;
    for (const issue of parsed.error.issues) {
      if (issue.code === "unrecognized_keys")
        for (const key of issue.keys) fields.delete(key);
      else fields.delete(String(issue.path[0]));
    }
    // What is wrong with all of them together: none is kept.
    if (fields.size === before) fields.clear();
  }
}

/** "Too big: expected number to be <=1" -> "Too big: expected number to be ≤ 1." */
function sentence(message: string): string {
  const plain = message.replace(/>=\s*/g, "≥ ").replace(/<=\s*/g, "≤ ").trim();
  return /[.!?]$/.test(plain) ? plain : `${plain}.`;
}
