/** Which of a graph's tensors the network ends in. */
import { Fault } from "../../../shared/fault";
import { spell } from "../../network/ops/check";
import type { OutputChoice } from "../../../shared/domain";
import { chooseOutput } from "../choose-output";
import type { Dynamic, Lowering } from "../lowering/index";
import { behind, certain, type FlatNode, type Source } from "./flatten";
import { isPlaceholder, isSwitch } from "./inputs";
import { lowerOf } from "./ops/index";

/** A tensor that may be the network's output. */
export interface Candidate {
  /** Its name in the file. */
  readonly name: string;
  readonly source: Source;
  /** What was taken off after it: "argmax". */
  readonly stripped: readonly string[];
  /** Whether a signature names it; nothing else says that it is an output at all. */
  readonly declared?: boolean;
}

/** What only judges what a network says: nothing of it is part of the network. */
const endings =
  /^(ArgMax|ArgMin|TopKV?2?|InTopKV?2?|(Sparse)?SoftmaxCrossEntropyWithLogits|\w*Summary(V2)?|Assert|Print(V2)?|NoOp|Save\w*|Restore\w*|ShardedFilename|MergeV2Checkpoints|Assign\w*|Const|Placeholder\w*|VarHandleOp|VariableV2|Variable|ReadVariableOp|IsVariableInitialized|VarIsInitializedOp|\w*Grad(V\d)?|\w*BackpropFilter\w*|BroadcastGradientArgs)$/;

/**
 * The tensors at which a graph without a signature ends: what depends on the image, and is read by nothing that
 * does too, apart from losses and the like.
 */
export function endsOf(
  nodes: readonly FlatNode[],
  image: FlatNode,
): Candidate[] {
  const others = nodes.filter(
    (n) => isPlaceholder(n) && n !== image && !isSwitch(n),
  );
  const tainted = dependents(nodes, others);
  const own = dependents(nodes, [image]);
  const inside = (node: FlatNode) =>
    own.has(node) && !tainted.has(node) && !endings.test(node.op);
  const read = new Set<FlatNode>();
  for (const node of nodes)
    if (inside(node)) for (const input of node.inputs) read.add(input.node);
  return nodes
    .filter((node) => inside(node) && !read.has(node))
    .map((node) => ({
      name: node.name,
      source: { node, output: 0 },
      stripped: [],
    }));
}

/** All nodes that read one of these, directly or not; `nodes` in any order. */
function dependents(
  nodes: readonly FlatNode[],
  roots: readonly FlatNode[],
): Set<FlatNode> {
  const readers = new Map<FlatNode, FlatNode[]>();
  for (const node of nodes)
    for (const input of node.inputs) {
      const list = readers.get(input.node);
      if (list) list.push(node);
      else readers.set(input.node, [node]);
    }
  const found = new Set(roots);
  for (const node of found)
    for (const reader of readers.get(node) ?? []) found.add(reader);
  return found;
}

/** The tensor before a last ArgMax or TopK: those say no more than the scores they read. */
export function beforeLast(candidate: Candidate): Candidate {
  let { source } = candidate;
  const stripped = [...candidate.stripped];
  for (let steps = 0; steps < 8; steps++) {
    const { node } = behind(source);
    const [input] = node.inputs;
    if (!input) break;
    const cut = node.op === "Cast" && node.attributes.type("DstT") !== "float";
    if (/^(ArgMax|TopKV?2?)$/.test(node.op)) stripped.push(node.op);
    else if (!cut) break;
    source = input;
  }
  return stripped.length > candidate.stripped.length
    ? { ...candidate, source, stripped }
    : candidate;
}

/** What of a candidate cannot be done, a phrase a node. */
function problemsOf(
  { source }: Candidate,
  known: (node: FlatNode) => boolean,
): string[] {
  return [...certain([source.node])]
    .filter((node) => !known(node) && !lowerOf(node.op))
    .map(({ name, op }) => `"${name}" is a ${op}`)
    .reverse();
}

const exportHint =
  "Export the network for inference alone, without training, losses or post-processing: in TensorFlow with model.export, in TensorFlow 1 with its graph frozen. Or export it to ONNX.";

/**
 * Those candidates that can be done, and why the others cannot, by name.
 * Throws one Fault `unsupported-network` that names every operation that cannot, where there is no other.
 */
export function possible(
  candidates: readonly Candidate[],
  known: (node: FlatNode) => boolean,
): { possible: Candidate[]; failed: Map<string, Fault> } {
  const checked = candidates.map(beforeLast).map((candidate) => ({
    candidate,
    problems: problemsOf(candidate, known),
  }));
  const fine = checked.filter(({ problems }) => problems.length === 0);
  if (fine.length === 0) {
    const least = checked
      .map(({ problems }) => problems)
      .sort((a, b) => a.length - b.length)[0];
    if (!least)
      throw new Fault(
        "unsupported-network",
        "The graph has no output that depends on an image.",
        exportHint,
      );
    const shown = least.slice(0, 4).join("; ");
    const more = least.length > 4 ? `; and ${least.length - 4} more` : "";
    throw new Fault(
      "unsupported-network",
      `${least.length === 1 ? "An operation" : `${least.length} operations`} cannot be done: ${shown}${more}.`,
      exportHint,
    );
  }
  return {
    possible: fine.map(({ candidate }) => candidate),
    failed: new Map(
      checked.flatMap(({ candidate, problems: [first] }) =>
        first === undefined
          ? []
          : [
              [
                candidate.name,
                new Fault("unsupported-network", `${first} there.`, exportHint),
              ] as const,
            ],
      ),
    ),
  };
}

/** A candidate that was lowered. */
export interface Ending {
  readonly candidate: Candidate;
  readonly value: Dynamic;
}

/** The output that is taken, by the rule of all formats, and all there are. */
export function choose(
  endings: readonly Ending[],
  lowering: Lowering,
  asked: string | null,
): { ending: Ending; outputs: readonly OutputChoice[] } {
  const fit = endings.filter(({ value }) => !isPoints(value));
  if (fit.length === 0) throw noClasses(endings);
  // an ArgMax beside the scores it reads ends in the same tensor
  const distinct = fit.filter(
    ({ candidate, value }) =>
      candidate.stripped.length === 0 ||
      candidate.name === asked ||
      !fit.some((f) => f.value === value && f.candidate.stripped.length === 0),
  );
  const { chosen, outputs } = chooseOutput(
    distinct.map((ending, order) => ({
      name: ending.candidate.name,
      shape: lowering.outputShape(ending.value) ?? [],
      depth: lowering.depthOf(ending.value),
      order,
      auxiliary: isEarlier(ending, distinct, lowering),
      ending,
    })),
    asked,
  );
  return { ending: chosen.ending, outputs };
}

/**
 * Whether the names say that an end without a signature is an earlier head of the same classes: of "output" and
 * "output2" the later number is the network's, as in the Inception of 2014, whose first heads are the deeper ones.
 */
function isEarlier(
  { candidate, value }: Ending,
  all: readonly Ending[],
  lowering: Lowering,
): boolean {
  const own = numbered(candidate.name);
  const depth = lowering.depthOf(value);
  return (
    candidate.declared !== true &&
    all.some((other) => {
      const { stem, number } = numbered(other.candidate.name);
      return (
        stem === own.stem &&
        number > own.number &&
        other.value.dims.join() === value.dims.join() &&
        lowering.depthOf(other.value) !== depth
      );
    })
  );
}

function numbered(name: string): { stem: string; number: number } {
  const digits = /\d{0,3}$/.exec(name)?.[0] ?? "";
  return {
    stem: name.slice(0, name.length - digits.length),
    number: digits === "" ? -1 : Number(digits),
  };
}

/** [1, n, 1] has a value for each box or point, not for each class. */
function isPoints({ dims }: Dynamic): boolean {
  return dims.length === 3 && dims[2] === 1 && dims[1] !== 1;
}

function noClasses(endings: readonly Ending[]): Fault {
  const shown = endings
    .slice(0, 3)
    .map(({ candidate, value }) => `"${candidate.name}" ${spell(value.dims)}`);
  return new Fault(
    "unsupported-network",
    `The network gives no value for each class: its ${shown.length === 1 ? "output is" : "outputs are"} ${shown.join(", ")}.`,
    "Open a network that ends in a vector of classes, or in a map [height, width, class].",
  );
}
