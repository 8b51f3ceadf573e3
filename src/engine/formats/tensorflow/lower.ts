/** From a TensorFlow graph to a network: what all three formats share. */
import type { OutputChoice } from "../../../shared/domain";
import { leftOut, otherOutputs, refusedOutput } from "../choose-output";
import { Fault } from "../../../shared/fault";
import type { Network } from "../../network/network";
import type { Assembly } from "../assembler";
import { usualSize, type NetworkFiles, type ReadOptions } from "../format";
import { fixedSizeOf, inputOf } from "../input";
import { createLowering, type Lowering } from "../lowering/index";
import { certain, isDecoder, ordered, reached, type FlatNode } from "./flatten";
import {
  imageInput,
  isPlaceholder,
  isSwitch,
  mayBeImage,
  type DeclaredShapes,
  type ImageInput,
} from "./inputs";
import {
  choose,
  endsOf,
  possible,
  type Candidate,
  type Ending,
} from "./outputs";
import { Evaluation } from "./evaluation";
import type { Opened } from "./opened";
import { preprocessingTold, sizeAfter } from "./told";

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
