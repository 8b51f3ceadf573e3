import { Fault } from "../../../shared/fault";
import { hasProbability, unitWords } from "../../../shared/head";
import type { Subject } from "../../../shared/lab/gradient-magnitude";
import { classCount, headOfNetwork, type Network } from "../../network/network";
import { batchNorm } from "../../network/ops/index";
import { architectures } from "../../training/architectures";
import type { World } from "../experiment";
import { weightSeed } from "./batch";

/** Classes of a random network where no folder says how many: as many as Caltech-101 has. */
const usualClasses = 101;

/** A network that is measured. */
export interface Measured {
  readonly subject: Subject;
  /** For people. */
  readonly name: string;
  /** Whether it has a batch norm. */
  readonly batchNorm: boolean;
  /** The network's class of each class folder; null: labels are drawn. */
  readonly labelOf: readonly number[] | null;
  /** The network of a repetition: other weights each time, but for the open one. */
  build(repetition: number): Network;
}

/**
 * Throws a Fault `invalid-request` where the open network is asked for and none is open, `unsupported-network` where it
 * has nothing to compare.
 */
export function measuredOf(
  subject: Subject,
  { size, seed }: { readonly size: number; readonly seed: number },
  { network, images }: Pick<World, "network" | "images">,
): Measured {
  const folders = images?.classes ?? [];
  if (subject !== "open") {
    const withNorm = subject === "resnet18-batch-norm";
    return {
      subject,
      name: withNorm
        ? "ResNet-18, random, batch norm"
        : "ResNet-18, random, no batch norm",
      batchNorm: withNorm,
      labelOf: folders.length > 1 ? folders.map((_, i) => i) : null,
      build: (repetition) =>
        architectures.resnet18.build({
          input: [size, size, 3],
          classes: folders.length > 1 ? folders.length : usualClasses,
          seed: weightSeed(seed, repetition),
          batchNorm: withNorm,
        }),
    };
  }
  if (!network)
    throw new Fault(
      "invalid-request",
      "No network is open.",
      "Open one first, or measure the random ResNet-18.",
    );
  const head = headOfNetwork(network);
  if (classCount(network) < 2 || !hasProbability(head))
    throw new Fault(
      "unsupported-network",
      `"${network.name}" has ${classCount(network) < 2 ? "a single output" : `${unitWords(head)[1]} and no classes`}; the cross-entropy needs at least two classes.`,
      "Open a network that classifies, or measure the random ResNet-18.",
    );
  if (!network.nodes.some(({ op }) => op.rectifier))
    throw new Fault(
      "unsupported-network",
      `"${network.name}" has no rectifier; slopes change nothing in it, and every ratio would be 1.`,
      "Open a network with ReLUs, or measure the random ResNet-18.",
    );
  return {
    subject,
    name: network.name,
    batchNorm: network.nodes.some(({ op }) => op.kind === batchNorm.kind),
    labelOf: matched(folders, network.labels),
    build: () => network,
  };
}

/** The index among `labels` of every folder's name; null where one is not among them. */
function matched(
  folders: readonly string[],
  labels: readonly string[],
): readonly number[] | null {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[\s_-]+/g, " ")
      .trim();
  const index = new Map(labels.map((label, i) => [plain(label), i]));
  const found = folders.flatMap((name) => index.get(plain(name)) ?? []);
  return folders.length > 0 && found.length === folders.length ? found : null;
}
