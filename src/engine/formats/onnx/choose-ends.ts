/** Which of a graph's outputs can be the network's, before anything is computed. */
import { Fault } from "../../../shared/fault";
import { usedInput } from "./choose-input";
import { reaching, type FlatGraph } from "./graph";
import { checkOperators, isBearable } from "./lower";
import type { GraphProto, ValueInfo } from "./model";
import type { OnnxNode } from "./node";
import { kindOf } from "./tensors";

/** A value that may be the network's output. */
export interface End {
  /** The output's name in the file. */
  readonly title: string;
  /** The value taken for it: the output, or what a last ArgMax reads. */
  readonly name: string;
  /** Place among the file's outputs. */
  readonly order: number;
  /** What was taken off for that: "ArgMax". */
  readonly stripped: readonly string[];
  readonly input: ValueInfo;
  readonly alive: readonly OnnxNode[];
}

export interface Ends {
  readonly ends: readonly End[];
  /** Outputs that cannot be taken, by title. */
  readonly failed: ReadonlyMap<string, Fault>;
}

/**
 * The outputs that depend on one and the same image through operations there are.
 * Throws the Fault of the first one where there is none.
 */
export function possibleEnds(graph: GraphProto, flat: FlatGraph): Ends {
  if (graph.output.length === 0)
    throw new Fault(
      "damaged-file",
      "The network has no output.",
      "Export the network again.",
    );
  const failed = new Map<string, Fault>();
  const ends: End[] = [];
  const givers = new Map(
    flat.nodes.flatMap((n) => n.outputs.map((o): [string, OnnxNode] => [o, n])),
  );
  for (const [order, info] of graph.output.entries()) {
    const title = info.name;
    try {
      const whole = flat.outputs[order] ?? title;
      const { name, stripped } = beforeLast(whole, givers);
      checkType(info, stripped.length > 0);
      const alive = reaching(flat.nodes, [name]);
      checkOperators(alive);
      const input = usedInput(graph, flat, alive, name);
      ends.push({ title, name, order, stripped, input, alive });
    } catch (error) {
      if (!isBearable(error)) throw error;
      failed.set(title, error);
    }
  }
  const [first] = ends;
  const [reason] = failed.values();
  if (!first) throw reason ?? new RangeError("an output is an end or failed");
  const same = ends.filter((end) => end.input === first.input);
  for (const end of ends)
    if (end.input !== first.input)
      failed.set(
        end.title,
        new Fault(
          "unsupported-network",
          `It depends on another input, "${end.input.name}".`,
        ),
      );
  return { ends: withoutTwins(same), failed };
}

/** Operations after which scores are only ranked. */
const ranking = /^(ArgMax|TopK)$/;
const moving = /^(Identity|Cast|Squeeze|Unsqueeze|Reshape)$/;

/** The value before a last ArgMax or TopK: those say no more than the scores they read. */
function beforeLast(
  output: string,
  givers: ReadonlyMap<string, OnnxNode>,
): Pick<End, "name" | "stripped"> {
  let name = output;
  for (let node = givers.get(name); node; node = givers.get(name)) {
    const [first = ""] = node.inputs;
    if (ranking.test(node.kind)) return { name: first, stripped: [node.op] };
    if (!moving.test(node.kind)) break;
    name = first;
  }
  return { name: output, stripped: [] };
}

function checkType({ name, type }: ValueInfo, ranked: boolean): void {
  const tensor = type?.tensorType;
  const of = tensor ? kindOf(tensor.elemType) : "float";
  const found =
    type && !tensor
      ? "is no tensor"
      : of !== "float" && !ranked
        ? "holds no real numbers"
        : null;
  if (found !== null)
    throw new Fault(
      "unsupported-network",
      `The output "${name}" ${found}.`,
      "Export the network with its scores as an output.",
    );
}

/** Without rankings of scores that are an output themselves. */
function withoutTwins(ends: readonly End[]): readonly End[] {
  const plain = new Set(
    ends.flatMap(({ stripped, name }) => (stripped.length === 0 ? [name] : [])),
  );
  const seen = new Set<string>();
  return ends.filter(({ name, stripped }) => {
    if (stripped.length === 0) return true;
    const twin = plain.has(name) || seen.has(name);
    seen.add(name);
    return !twin;
  });
}
