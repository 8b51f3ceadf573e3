/** Weights as the usual network of their kind names and stores them. */
import { withWeights } from "./reparametrized";
import { withHead } from "./separate-head";
import { withJoinedQueries } from "./separate-queries";
import type { StoredTensor } from "./state-dict/stored-tensor";

/** What was done stands in the warnings, a sentence each. */
export function usualForm(tensors: ReadonlyMap<string, StoredTensor>): {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly warnings: readonly string[];
} {
  const whole = withWeights(tensors);
  const joined = withHead(withJoinedQueries(whole.tensors));
  return {
    tensors: joined.tensors,
    warnings: [...whole.warnings, ...joined.warnings],
  };
}
