/** From a TensorFlow graph to a network: what all three formats share. */
import type { OutputChoice } from "../../../shared/domain";
import { leftOut, otherOutputs, refusedOutput } from "../choose-output";
import { Fault } from "../../../shared/fault";
import type { Network } from "../../network/network";
import type { Assembly } from "../assembler";
import { usualSize, type NetworkFiles, type ReadOptions } from "../format";
import { fixedSizeOf, inputOf } from "../input";
import { createLowering, type Dynamic, type Lowering } from "../lowering/index";
import type { TensorSource } from "./attributes";
import { Call, type Outcome, type Surroundings } from "./call";
import {
  certain,
  isDecoder,
  ordered,
  reached,
  type FlatNode,
  type Source,
} from "./flatten";
import {
  imageInput,
  isPlaceholder,
  isSwitch,
  mayBeImage,
  type DeclaredShapes,
  type ImageInput,
} from "./inputs";
import { checkArguments } from "./ops/arguments";
import { lowerOf } from "./ops/index";
import {
  choose,
  endsOf,
  possible,
  type Candidate,
  type Ending,
} from "./outputs";
import { preprocessingTold, sizeAfter } from "./told";

/** A graph as a format gives it. */
export interface Opened {
  /** Every node that may matter. */
  readonly nodes: readonly FlatNode[];
  /** The outputs a signature names; null: those that nothing reads. */
  readonly outputs: readonly Candidate[] | null;
  readonly declared: DeclaredShapes;
  /** The tensor that a Const or a variable holds; null for all other nodes. */
  tensor(node: FlatNode): TensorSource | null;
  readonly format: string;
  readonly producer: string;
}

/** Values above which what has been read is given up early. */
const large = 2 ** 22;

/** Throws a Fault `damaged-file`, `unsupported-network`, or `invalid-request` for a size that does not fit. */
export async function lowerGraph(
  opened: Opened,
  files: NetworkFiles,
  options: ReadOptions,
): Promise<Network> {
  const { image, candidates, warnings, ...earlier } = chosen(opened);
  const asked = options.output ?? null;
  const reason = earlier.failed.get(asked ?? "");
  if (reason) throw refusedOutput(asked ?? "", reason);
  const ends = candidates.map((c) => c.source.node);
  const usual = await sizeAfter(image.node, ends, (n) => opened.tensor(n));
  const size = inputOf(image.shape, options, usual ?? usualSize);
  const { assembly, ending, outputs, failed } = await built(
    opened,
    image,
    candidates,
    earlier.failed,
    createLowering(size),
    options,
  ).catch((error: unknown) => {
    throw unfit(error, image, options);
  });
  const { stripped, head, ...network } = assembly;
  return {
    ...network,
    name: files.title,
    labels: [],
    preprocessing: null,
    provenance: {
      format: opened.format,
      hash: files.hash(),
      producer: opened.producer,
      stripped: [...stripped, ...ending.candidate.stripped],
      warnings: [...warnings, ...otherOutputs(outputs), ...leftOut(failed)],
    },
    told: {
      fixedSize: fixedSizeOf(image.shape),
      preprocessing: await preprocessingTold(
        image,
        [ending.candidate.source.node],
        (node) => opened.tensor(node),
      ),
      outputs,
      head,
    },
  };
}

/** The way in and the possible ways out; nothing is read for that. */
function chosen(opened: Opened): {
  image: ImageInput;
  candidates: readonly Candidate[];
  failed: ReadonlyMap<string, Fault>;
  warnings: string[];
} {
  const known = (node: FlatNode) =>
    isPlaceholder(node) || isDecoder(node) || opened.tensor(node) !== null;
  const { nodes, declared } = opened;
  const image = imageIn(nodes, declared);
  const candidates = opened.outputs ?? endsOf(nodes, image);
  const found = possible(candidates, known);
  const all = reached(found.possible.map((c) => c.source.node));
  const foreign = [...all].filter(
    (n) => (isPlaceholder(n) || isDecoder(n)) && n !== image && !isSwitch(n),
  );
  const [other] = foreign;
  if (other)
    throw new Fault(
      "unsupported-network",
      `The network has more than one input: "${image.name}" and "${other.name}".`,
      "Supported are networks of one image.",
    );
  return {
    image: imageInput(
      image,
      declared,
      [...all].reverse(),
      (node) => opened.tensor(node)?.dims ?? null,
    ),
    candidates: found.possible,
    failed: found.failed,
    warnings: [
      ...(isDecoder(image) ? [cutAt(image)] : []),
      ...(opened.outputs === null ? otherInputs(nodes, image) : []),
      ...[...all]
        .filter(isSwitch)
        .map(({ name }) => `The switch "${name}" is taken as off.`),
    ],
  };
}

/** A sentence for placeholders of a graph without a signature, as labels are in training. */
function otherInputs(nodes: readonly FlatNode[], image: FlatNode): string[] {
  const others = new Set(
    nodes.filter((n) => isPlaceholder(n) && n !== image && !isSwitch(n)),
  );
  const read = nodes.flatMap(({ inputs }) =>
    inputs.flatMap(({ node }) => (others.has(node) ? [`"${node.name}"`] : [])),
  );
  const [first, second] = new Set(read);
  if (first === undefined) return [];
  const more = others.size > 2 ? ", ..." : "";
  return [
    second === undefined
      ? `The input ${first}, and what depends on it, is left out.`
      : `The inputs ${first}, ${second}${more}, and what depends on them, are left out.`,
  ];
}

function cutAt({ name, op }: FlatNode): string {
  return `The graph decodes picture files itself ("${name}", ${op}); it is cut after that, and takes pixels of 0 to 255.`;
}

function imageIn(
  nodes: readonly FlatNode[],
  declared: DeclaredShapes,
): FlatNode {
  const images = nodes.filter((n) => mayBeImage(n, declared));
  const rank = (n: FlatNode) => n.attributes.shape("shape")?.length;
  const maps = images.filter((n) => rank(n) === 4);
  const larger = images.filter((n) => rank(n) !== 2);
  const decoders = nodes.filter(isDecoder);
  const [first, second] =
    [maps, larger, decoders, images].find(({ length }) => length > 0) ?? [];
  if (first && !second) return first;
  if (first && second)
    throw new Fault(
      "unsupported-network",
      `The network has more than one input: "${first.name}" and "${second.name}".`,
      "Supported are networks of one image.",
    );
  const found = nodes.filter(isPlaceholder).map(({ name }) => `"${name}"`);
  throw new Fault(
    "unsupported-network",
    found.length > 0
      ? `None of the inputs ${found.slice(0, 5).join(", ")} takes an image.`
      : "The graph has no input (Placeholder).",
    "Supported are networks of one image: [batch, height, width, channel].",
  );
}

interface Built {
  readonly assembly: Assembly;
  /** The one taken, among all that depend on the image. */
  readonly ending: Ending;
  readonly outputs: readonly OutputChoice[];
  /** By name. */
  readonly failed: ReadonlyMap<string, Fault>;
}

async function built(
  opened: Opened,
  image: ImageInput,
  candidates: readonly Candidate[],
  earlier: ReadonlyMap<string, Fault>,
  lowering: Lowering,
  options: ReadOptions,
): Promise<Built> {
  const ends = candidates.map((c) => c.source.node);
  const needed = ends.length === 1 ? certain(ends) : new Set<FlatNode>();
  const run = new Evaluation(opened, image, lowering, needed);
  await run.all(ordered(ends), options);
  const failed = new Map(earlier);
  const endings: Ending[] = [];
  for (const candidate of candidates) {
    const value = run.ending(candidate.source);
    if (value instanceof Fault) failed.set(candidate.name, value);
    else if (value) endings.push({ candidate, value });
  }
  if (endings.length === 0)
    throw (
      [...failed.values()].at(-1) ??
      new Fault(
        "unsupported-network",
        "Nothing that the graph ends in depends on the image.",
      )
    );
  const { ending, outputs } = choose(endings, lowering, options.output ?? null);
  const assembly = lowering.finish(
    asVector(lowering, ending),
    options.head ?? null,
  );
  return { assembly, ending, outputs, failed };
}

/** One value a class as [1, class]; maps stay. */
function asVector(lowering: Lowering, { value, candidate }: Ending) {
  const real = value.dims.filter((d) => d !== 1);
  if (real.length > 1 || value.dims.length === 2) return value;
  const name = `${candidate.name}/classes`;
  return lowering.reshape(name, value, [1, real[0] ?? 1]);
}

/** Goes through the nodes in order and keeps what each became. */
class Evaluation implements Surroundings {
  readonly lowering: Lowering;
  readonly #opened: Opened;
  readonly #image: ImageInput;
  /** Nodes without which there is no network; another that cannot be done only takes those with it that read it. */
  readonly #needed: ReadonlySet<FlatNode>;
  readonly #outcomes = new Map<FlatNode, readonly Outcome[]>();
  readonly #faults = new Map<FlatNode, Fault>();

  constructor(
    opened: Opened,
    image: ImageInput,
    lowering: Lowering,
    needed: ReadonlySet<FlatNode>,
  ) {
    this.#opened = opened;
    this.#image = image;
    this.lowering = lowering;
    this.#needed = needed;
  }

  get openBatch(): boolean {
    return this.#image.openBatch;
  }

  outcome({ node, output }: Source): Outcome | undefined {
    const outcomes = this.#outcomes.get(node);
    // all outputs of what is not taken are dead
    const [first] = outcomes ?? [];
    const whole = outcomes?.length === 1 && first?.kind === "dead";
    return whole ? first : outcomes?.[output];
  }

  /** Null: it does not depend on the image. */
  ending(source: Source): Dynamic | Fault | null {
    const fault = this.#faults.get(source.node);
    const outcome = this.outcome(source);
    return fault ?? (outcome?.kind === "dynamic" ? outcome : null);
  }

  async all(
    nodes: readonly FlatNode[],
    { signal, progress }: ReadOptions,
  ): Promise<void> {
    const sizes = new Map(
      nodes.map((node) => [node, bytesOf(this.#opened.tensor(node))]),
    );
    const total = [...sizes.values()].reduce((sum, n) => sum + n, 0);
    const last = lastReaders(nodes);
    let done = 0;
    for (const node of nodes) {
      signal.throwIfAborted();
      await this.#one(node);
      const size = sizes.get(node) ?? 0;
      if (size > 0) progress("Reading weights", (done += size), total);
      for (const input of node.inputs)
        if (last.get(input.node) === node) this.#release(input.node);
    }
  }

  async #one(node: FlatNode): Promise<void> {
    const faults = node.inputs.flatMap(
      (input) => this.#faults.get(input.node) ?? [],
    );
    const dead = node.inputs.filter((i) => this.outcome(i)?.kind === "dead");
    const merges = node.op === "Merge";
    const [fault] = faults;
    if (dead.length > 0 && !merges)
      this.#outcomes.set(node, [{ kind: "dead" }]);
    else if (fault && !(merges && dead.length > 0))
      this.#faults.set(node, fault);
    else
      try {
        this.#outcomes.set(node, await this.#lowered(node));
      } catch (error) {
        const bearable =
          !this.#needed.has(node) &&
          error instanceof Fault &&
          error.code === "unsupported-network";
        if (!bearable) throw error;
        this.#faults.set(node, error);
      }
  }

  async #lowered(node: FlatNode): Promise<readonly Outcome[]> {
    if (node === this.#image.node) return [this.#image.value(this.lowering)];
    const tensor = this.#opened.tensor(node);
    if (tensor) {
      const { dims, data, type } = await tensor.load(
        `The tensor "${node.name}"`,
      );
      return [this.lowering.constant(dims, data, type)];
    }
    if (isSwitch(node))
      return [this.lowering.constant([], Float64Array.of(0), "bool")];
    const lower = lowerOf(node.op);
    if (!lower)
      throw new Fault(
        "unsupported-network",
        `Node "${node.name}" is a ${node.op}, which cannot be done.`,
      );
    const call = new Call(node, this);
    checkArguments(call);
    const outcome = lower(call);
    return isList(outcome) ? outcome : [outcome];
  }

  /** Large constants go as soon as nothing reads them any more: the network holds what it needs. */
  #release(node: FlatNode): void {
    const [only] = this.#outcomes.get(node) ?? [];
    if (only?.kind === "constant" && only.data.length > large)
      this.#outcomes.delete(node);
  }
}

function isList(
  outcome: Outcome | readonly Outcome[],
): outcome is readonly Outcome[] {
  return Array.isArray(outcome);
}

function bytesOf(tensor: TensorSource | null): number {
  return 4 * (tensor?.dims.reduce((product, d) => product * d, 1) ?? 0);
}

function lastReaders(nodes: readonly FlatNode[]): Map<FlatNode, FlatNode> {
  const last = new Map<FlatNode, FlatNode>();
  for (const node of nodes)
    for (const input of node.inputs) last.set(input.node, node);
  return last;
}

/** A fault of the building, for a size that was asked for and is not the file's. */
function unfit(
  error: unknown,
  { shape: [height, width] }: ImageInput,
  { size }: ReadOptions,
): unknown {
  if (!size || !(error instanceof Fault) || !height || !width) return error;
  return new Fault(
    "invalid-request",
    `The network cannot take an input of ${size.join(" x ")} pixels. ${error.message}`,
    `It was made for ${height} x ${width}.`,
    { cause: error },
  );
}
