/** A preprocessing in a JSON file: its numbers, a card.json, or the answers beside a network. */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { cardSchema } from "../../shared/card";
import { preprocessingSchema, type Preprocessing } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { parseStored, storedAnswers } from "../../shared/stored";
import { mostShallowBytes, parseShallowJson } from "../../shared/shallow-json";

/** mean and std of p in 0..255. Throws a Fault `invalid-request`; null where there is no such file. */
export async function readPreprocessingFile(
  path: string,
): Promise<Preprocessing | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const content =
    found.size <= mostShallowBytes
      ? parseShallowJson(await readFile(path, "utf8"))
      : undefined;
  const direct = preprocessingSchema.safeParse(content);
  if (direct.success) return direct.data;
  const { preprocessing } = cardSchema.safeParse(content).data ?? {};
  if (preprocessing) {
    const { order, mean, std } = preprocessing;
    return { order, mean, std };
  }
  const stored = parseStored(storedAnswers, content);
  const answers = stored.ok ? stored.value.answers : null;
  if (answers?.preprocessing) return answers.preprocessing;
  throw new Fault(
    "invalid-request",
    `"${path}" does not hold { "order": "RGB", "mean": [...], "std": [...] }: ${z.prettifyError(direct.error).replaceAll("\n", " ")}`,
    "mean and std are of pixels in 0..255, one value or one a channel.",
  );
}
