/** ONNX: a graph of operators with their weights, inside the file or beside it. */
import { Fault } from "../../../shared/fault";
import { count, spell } from "../../network/ops/check";
import type { Network } from "../../network/network";
import type { Assembly } from "../assembler";
import type { Format, NetworkFiles, ReadOptions } from "../format";
import { createLowering } from "../lowering/index";
import { decodeFile } from "../protobuf-file";
import { chooseInput, type ChosenInput } from "./choose-input";
import { flatten, reaching, topScope, type FlatGraph } from "./graph";
import { checkOperators, lower } from "./lower";
import { looksLikeModel } from "./looks";
import { preprocessingOf } from "./metadata";
import { modelProto, type GraphProto, type ModelProto } from "./model";
import type { OnnxNode } from "./node";
import { kindOf, Tensors } from "./tensors";

export const onnx: Format = {
  id: "onnx",
  title: "ONNX",

  async recognises(files) {
    if (onnxNames(files).length > 0) return true;
    const { chosen } = files;
    if (chosen === null) return false;
    return looksLikeModel(await files.open(chosen));
  },

  async read(files, options) {
    const name = nameOf(files);
    options.progress("Reading the graph", 0, 0);
    const file = await files.open(name);
    const model = await decodeFile(modelProto, file, name);
    const { graph } = model;
    if (!graph || model.irVersion < 1)
      throw new Fault(
        "damaged-file",
        `"${name}" is no ONNX model: it holds no graph.`,
        "Export the network again.",
      );
    const scope = topScope(model);
    const flat = flatten(
      graph,
      scope,
      graph.input.map((i) => i.name),
    );
    const output = chooseOutput(graph, flat);
    const alive = reaching(flat.nodes, [output.name]);
    // first what cannot be done at all: it needs no weights
    checkOperators(alive);
    const input = chooseInput(graph, flat, alive, options);
    const parts = { graph, flat, alive, output: output.name, input };
    const warnings = [
      ...output.warnings,
      ...warningsOf(input, scope.opset("")),
    ];
    const { stripped, head, ...assembly } = await assembled(
      parts,
      new Tensors(files, name, file),
      options,
    );
    return {
      ...assembly,
      name: files.title,
      labels: [],
      preprocessing: null,
      provenance: {
        format: onnx.title,
        hash: files.hash(),
        producer: producerOf(model),
        stripped,
        warnings,
      },
      told: {
        fixedSize: input.fixedSize,
        preprocessing: preprocessingOf(model, input),
        head,
      },
    } satisfies Network;
  },
};

function onnxNames({ chosen, names }: NetworkFiles): readonly string[] {
  const isOnnx = (name: string) => /\.onnx$/i.test(name);
  return chosen === null ? names.filter(isOnnx) : [chosen].filter(isOnnx);
}

function nameOf(files: NetworkFiles): string {
  const names = onnxNames(files);
  const [only = files.chosen, second] = names;
  if (only === null || only === undefined || second !== undefined)
    throw new Fault(
      "invalid-request",
      `The folder holds ${names.length} ONNX networks: ${names
        .slice(0, 5)
        .map((name) => `"${name}"`)
        .join(", ")}.`,
      "Choose one of the files.",
    );
  return only;
}

/** The first output of floats; others are left out, and said so. */
function chooseOutput(graph: GraphProto, flat: FlatGraph) {
  const outputs = graph.output.map(({ name, type }, i) => ({
    title: name,
    name: flat.outputs[i] ?? name,
    isFloat: kindOf(type?.tensorType?.elemType ?? 1) === "float",
  }));
  const chosen = outputs.find((o) => o.isFloat) ?? outputs[0];
  if (!chosen)
    throw new Fault(
      "damaged-file",
      "The network has no output.",
      "Export the network again.",
    );
  const others = outputs.filter((o) => o !== chosen);
  const named = others.slice(0, 5).map(({ title }) => `"${title}"`);
  const warnings =
    others.length > 0
      ? [
          `The network has ${outputs.length} outputs; "${chosen.title}" is taken, and left out ${others.length === 1 ? "is" : "are"} ${named.join(", ")}${others.length > named.length ? ", ..." : ""}.`,
        ]
      : [];
  return { name: chosen.name, warnings };
}

/** The newest opset whose changes are known. */
const newestOpset = 26;

function warningsOf(input: ChosenInput, opset: number | null): string[] {
  const warnings: string[] = [];
  if (input.batch > 1)
    warnings.push(
      `The file fixes batches of ${input.batch} images; it was read for single ones.`,
    );
  if (opset !== null && opset > newestOpset)
    warnings.push(
      `The file uses opset ${opset}; the newest that Proxima knows is ${newestOpset}.`,
    );
  return warnings;
}

interface Parts {
  readonly graph: GraphProto;
  readonly flat: FlatGraph;
  readonly alive: readonly OnnxNode[];
  readonly output: string;
  readonly input: ChosenInput;
}

async function assembled(
  parts: Parts,
  tensors: Tensors,
  options: ReadOptions,
): Promise<Assembly> {
  const { input } = parts;
  try {
    return await assemble(parts, tensors, options);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { fixedSize } = input;
    const [height, width] = input.shape;
    const isOther =
      fixedSize && (fixedSize[0] !== height || fixedSize[1] !== width);
    if (options.size && isOther)
      throw new Fault(
        "invalid-request",
        `The network cannot take an input of ${height} x ${width} pixels. ${error.message}`,
        `It was made for ${fixedSize.join(" x ")}.`,
        { cause: error },
      );
    if (!fixedSize && error.code === "damaged-file")
      throw new Fault(
        "invalid-request",
        `The file leaves the input's size open, and ${height} x ${width} pixels do not fit. ${error.message}`,
        "Name the size the network was trained at.",
        { cause: error },
      );
    if (input.batch > 1)
      throw new Fault(
        error.code === "damaged-file" ? "unsupported-network" : error.code,
        `The file fixes batches of ${input.batch} images, and it cannot be read for single ones. ${error.message}`,
        "Export the network with a batch of one, or an open one.",
        { cause: error },
      );
    throw error;
  }
}

async function assemble(
  { graph, flat, alive, output, input }: Parts,
  tensors: Tensors,
  options: ReadOptions,
): Promise<Assembly> {
  const lowering = createLowering(input.shape);
  const image = lowering.input(input.order);
  const value = input.batched
    ? image
    : lowering.reshape(input.name, image, image.dims.slice(1));
  const walk = { lowering, tensors, batch: input.batch, options };
  const named = { name: input.name, value };
  const result = await lower(flat, alive, named, output, walk);
  checkBatch(graph, flat, output, result.dims, input.batch);
  return lowering.finish(result, options.head);
}

/** Whether one image gives its part of what the file says a batch gives. */
function checkBatch(
  graph: GraphProto,
  flat: FlatGraph,
  output: string,
  dims: readonly number[],
  batch: number,
): void {
  if (batch === 1) return;
  const info = graph.output[flat.outputs.indexOf(output)];
  const told = info?.type?.tensorType?.shape?.dim.map((d) => d.dimValue);
  if (!told?.every((d) => d !== null)) return;
  if (count(told) !== batch * count(dims))
    throw new Fault(
      "unsupported-network",
      `The output of one image is ${spell(dims)}, and that of the batch ${spell(told)}.`,
    );
}

function producerOf({ producerName, producerVersion }: ModelProto): string {
  return `${producerName} ${producerVersion}`.trim().slice(0, 500);
}
