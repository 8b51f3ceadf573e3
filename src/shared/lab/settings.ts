/** Settings of experiments, checked and read back through the experiment's own schema. */
import type { z } from "zod";
import { experimentSpecs, type ExperimentId, type LabSettings } from "./index";

/** What is wrong with some settings, in a sentence; null where nothing is. */
export function problemOf(
  experiment: ExperimentId,
  settings: unknown,
): string | null {
  const schema: z.ZodType = experimentSpecs[experiment].settings;
  const parsed = schema.safeParse(settings);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  return issue ? sentenceOf(issue) : "This is not valid.";
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

/** What is wrong, as a person would say it. */
export function sentenceOf(issue: z.core.$ZodIssue): string {
  const values = (count: number | bigint) =>
    `${count} ${Number(count) === 1 ? "value" : "values"}`;
  switch (issue.code) {
    case "too_big":
      if (issue.origin === "array") return `At most ${values(issue.maximum)}.`;
      return issue.inclusive === false
        ? `Less than ${issue.maximum}.`
        : `At most ${issue.maximum}.`;
    case "too_small":
      if (issue.origin === "array") return `At least ${values(issue.minimum)}.`;
      return issue.inclusive === false
        ? `More than ${issue.minimum}.`
        : `At least ${issue.minimum}.`;
    case "invalid_type":
      return issue.expected === "int"
        ? "A whole number is needed."
        : `A ${issue.expected} is needed.`;
    case "custom": {
      const text = issue.message.charAt(0).toUpperCase() + issue.message.slice(1); // prettier-ignore
      return /[.!?]$/.test(text) ? text : `${text}.`;
    }
    default:
      return `${issue.message}.`;
  }
}
