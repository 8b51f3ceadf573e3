/** JSON of a stranger that is small and flat: what it may hold is known, and nothing of it may swell the host. */
import { parseJson } from "./json";

/** Bytes of a file of names or answers; a million names of usual length are about so many. */
export const mostShallowBytes = 8 * 2 ** 20;
const deepest = 8;

/** Undefined for what is no JSON, or nests deeper than names and answers do. */
export function parseShallowJson(text: string): unknown {
  return nestsDeeper(text, deepest) ? undefined : parseJson(text);
}

/** Brackets inside strings count nothing. */
function nestsDeeper(text: string, most: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const found = text[i];
    if (found === '"') quoted = !quoted;
    else if (quoted) i += found === "\\" ? 1 : 0;
    else if (found === "[" || found === "{") depth += 1;
    else if (found === "]" || found === "}") depth -= 1;
    if (depth > most) return true;
  }
  return false;
}
