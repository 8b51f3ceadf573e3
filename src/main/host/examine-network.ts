/** Whether an opened network is likely the one that was trained, from the statistics its batch norms hold. */
import {
  batchNormFit,
  mostDifference,
  type BatchNormFit,
  type Network,
} from "../../engine";
import type { ImportReport } from "../../shared/domain";
import type { Backend } from "./backend";
import type { WorkOptions } from "./network-reader";

/** A first batch norm whose variance differs by more than e^2.5 = 12 times sees pixels of another scale. */
const otherScale = 2.5;

/** Whether there is anything to doubt: a network whose files say all that matters is built as they say. */
export function isDoubtful({ assumptions, from }: ImportReport): boolean {
  return assumptions.length > 0 || from.preprocessing !== "file";
}

/**
 * Warnings; none where the statistics fit, or there are none. Without native TensorFlow a pass takes too long, and
 * nothing is checked.
 */
export async function examineNetwork(
  network: Network,
  { runtime }: Pick<Backend, "runtime">,
  { signal, progress }: WorkOptions,
): Promise<string[]> {
  if (!runtime) return [];
  progress?.("Comparing batch norms with a forward pass", 0, 0);
  const fit = await batchNormFit(network, { signal });
  return fit && fit.difference >= mostDifference
    ? [sentenceOf(fit, network)]
    : [];
}

function sentenceOf(
  { difference, first, norms, better }: BatchNormFit,
  { told }: Network,
): string {
  const [best] = better;
  const found = `The statistics of the ${norms} batch norms do not fit this network: in a forward pass variances differ from the stored ones by a factor of ${factor(difference)} (median).`;
  if (first > otherScale)
    return `${found} The likely cause is the preprocessing: the difference is there in the first layer already.`;
  const assumed = told.assumptions?.some(({ key }) => key === "activation");
  if (best) {
    const names = better
      .slice(0, 3)
      .map((one) => `${one.activation} (${factor(one.difference)})`)
      .join(", ");
    const remedy = assumed
      ? ` Compare with activation=${best.activation}, on the card or by --assume.`
      : "";
    return `${found} The likely cause is the activation: these fit better: ${names}.${remedy}`;
  }
  return `${found} The likely cause is a pool, a stride${assumed ? ", an activation" : ""} or a preprocessing that the network was not trained with.`;
}

function factor(difference: number): string {
  const factor = Math.exp(difference);
  const text = factor.toPrecision(2);
  // 540, not 5.4e+2
  return factor < 99.5 ? text : String(Number(text));
}
