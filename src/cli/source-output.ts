/**
 * What --npy writes: numbers to hold against those of the framework a network comes from. A last softmax that was taken
 * off stays off; a last sigmoid is applied again, since that is the output the framework returns.
 */
import type { Network } from "../engine";

export type SourceUnit = "logit" | "probability" | "value";

/** Whether the network's file has a sigmoid behind the logits. */
function endsInSigmoid({ provenance }: Network): boolean {
  return provenance.stripped.includes("sigmoid");
}

/** The outputs as the framework returns them, from the logits; as many. */
export function sourceOutputs(
  network: Network,
  logits: Float32Array,
): Float32Array {
  return endsInSigmoid(network) ? logits.map(sigmoid) : logits;
}

/** Derivative of the framework's output with respect to its logit: 1 where they are the same. */
export function sourceSlope(network: Network, logit: number): number {
  if (!endsInSigmoid(network)) return 1;
  const p = sigmoid(logit);
  return p * (1 - p);
}

/** What the numbers are: `word` is that of the logits. */
export function sourceUnit(
  network: Network,
  word: "logit" | "value",
): SourceUnit {
  return endsInSigmoid(network) ? "probability" : word;
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
