import type {
  Assumption,
  ClassNames,
  Head,
  OutputChoice,
  Preprocessing,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import type { Node, Shape } from "./op";

/** Where a network comes from and what was done to it on the way in. */
export interface Provenance {
  /** "TF.js layers model", for people. */
  readonly format: string;
  /** sha256 of all files read, hex. */
  readonly hash: string;
  readonly producer: string;
  /** What was taken off or changed: "softmax". */
  readonly stripped: readonly string[];
  readonly warnings: readonly string[];
}

/** What a format knows of a network beyond its graph; who opens it may decide otherwise. */
export interface Told {
  /** [height, width] the file fixes; null: any that its layers allow. */
  readonly fixedSize: readonly [number, number] | null;
  /** "file": it is written there; "guess": what networks of this family are usually trained with. */
  readonly preprocessing: {
    readonly value: Preprocessing;
    readonly from: "file" | "guess";
    /** A sentence for people. */
    readonly because: string;
  } | null;
  /** What weights do not say and the reader took instead, corrections by `ReadOptions.assume` among them. */
  readonly assumptions?: readonly Assumption[];
  /** Values that can be the output, the one in use first; missing: there is only one. */
  readonly outputs?: readonly OutputChoice[];
  /** What the output means; missing: `softmax` of several classes, `value` of one, both assumed. */
  readonly head?: {
    readonly value: Head;
    /** `answer` only once the network is answered. */
    readonly from: "file" | "assumed" | "answer";
  };
  /** Names of classes that a file beside the weights holds. */
  readonly labels?: ClassNames;
  /** [height, width] that a file beside the weights names, where they fix none. */
  readonly size?: {
    readonly value: readonly [number, number];
    /** A sentence for people. */
    readonly because: string;
  };
  /** Names of the files beside the weights that were read. */
  readonly sources?: readonly string[];
}

/**
 * A trained network, held still: a directed graph of typed nodes in NHWC, in topological order.
 * The input node is called `input` by every format; its values are preprocessed pixels.
 */
export interface Network {
  readonly name: string;
  /** [height, width, channel] of the input. */
  readonly input: readonly [number, number, number];
  readonly nodes: readonly Node[];
  /** Name of the node whose value [class] holds the logits. */
  readonly output: string;
  /** Shapes of every node's value, `input` included, batch left out. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly labels: readonly string[];
  /** value = (p - mean) / std with p in 0..255; null: the image goes in as it is, in [-1, 1]. */
  readonly preprocessing: Preprocessing | null;
  /** In words: what a run on a class maximises. */
  readonly maximises: string;
  readonly provenance: Provenance;
  readonly told: Told;
}

export const inputName = "input";

/** Shapes of all nodes, in order; the ops' own checks name what does not fit. */
export function inferShapes(
  input: readonly [number, number, number],
  nodes: readonly Node[],
): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>([[inputName, input]]);
  for (const node of nodes) {
    const inputs = node.inputs.map((name) => {
      const shape = shapes.get(name);
      if (!shape)
        throw new Fault(
          "damaged-file",
          `Node "${node.name}" reads "${name}", which comes later or is not there.`,
        );
      return shape;
    });
    if (shapes.has(node.name))
      throw new Fault("damaged-file", `Two nodes are called "${node.name}".`);
    shapes.set(node.name, node.op.infer(inputs, node));
  }
  return shapes;
}

/** The shape of a node's value, batch left out. */
export function shapeOf(network: Network, name: string): Shape {
  const shape = network.shapes.get(name);
  if (!shape) throw new Fault("internal", `The network has no node "${name}".`);
  return shape;
}

/** What the output means; where nothing is known, `softmax` of several values and `value` of one. */
export function headOfNetwork(network: Network): Head {
  const { head } = network.told;
  return head?.value ?? (classCount(network) > 1 ? "softmax" : "value");
}

export function classCount(network: Network): number {
  return shapeOf(network, network.output)[0] ?? 0;
}
