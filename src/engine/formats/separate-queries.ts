/** Queries, keys and values of transformers' vision transformers, which are three layers, as the one they make. */
import { computedTensor } from "./computed-tensor";
import { countOf, type StoredTensor } from "./state-dict/stored-tensor";

type Tensors = ReadonlyMap<string, StoredTensor>;

/** Of files that transformers saves; and as its networks name them since version 5. */
const query =
  /^((?:.*\.)?(?:vit|deit|swin)\..*\.attention\.)((?:attention|self)\.)?(query|q_proj)\.(weight|bias)$/;

/** `...attention.qkv.weight` [3 width, width] and its bias in place of the three. */
export function withJoinedQueries(tensors: Tensors): Tensors {
  const result = new Map(tensors);
  for (const key of tensors.keys()) {
    const [, start, inner = "", name, part = ""] = query.exec(key) ?? [];
    if (start === undefined) continue;
    const names =
      name === "query"
        ? ["query", "key", "value"]
        : ["q_proj", "k_proj", "v_proj"];
    const keys = names.map((one) => `${start}${inner}${one}.${part}`);
    const parts = keys.flatMap((one) => tensors.get(one) ?? []);
    const [first] = parts;
    if (
      !first ||
      parts.length !== 3 ||
      !parts.every((one) => isAlike(one, first))
    )
      continue;
    const [rows = 0, ...rest] = first.shape;
    for (const one of keys) result.delete(one);
    result.set(
      `${start}qkv.${part}`,
      computedTensor([3 * rows, ...rest], parts, (values) => {
        const size = countOf(first.shape);
        const all = new Float32Array(3 * size);
        values.forEach((value, i) => {
          all.set(value, i * size);
        });
        return all;
      }),
    );
  }
  return result.size === tensors.size ? tensors : result;
}

function isAlike(a: StoredTensor, b: StoredTensor): boolean {
  return (
    a.shape.length === b.shape.length &&
    a.shape.every((size, axis) => size === b.shape[axis])
  );
}
