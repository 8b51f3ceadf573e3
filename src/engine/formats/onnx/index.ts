/** ONNX: a graph of operators with their weights, inside the file or beside it. */
import { Fault } from "../../../shared/fault";
import { count, spell } from "../../network/ops/check";
import type { Network } from "../../network/network";
import type { OutputChoice } from "../../../shared/domain";
import type { Assembly } from "../assembler";
import {
  chooseOutput,
  leftOut,
  otherOutputs,
  refusedOutput,
  type OutputCandidate,
} from "../choose-output";
import type { Format, NetworkFiles, ReadOptions } from "../format";
import { createLowering, type Value } from "../lowering/index";
import { decodeFile } from "../protobuf-file";
import { possibleEnds, type End } from "./choose-ends";
import { chooseInput, inputValue, type ChosenInput } from "./choose-input";
import { flatten, reaching, topScope, type FlatGraph } from "./graph";
import { lower } from "./lower";
import { looksLikeModel } from "./looks";
import { preprocessingOf } from "./metadata";
import { modelProto, type GraphProto, type ModelProto } from "./model";
import type { OnnxNode } from "./node";
import { Tensors } from "./tensors";

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
    // first what cannot be done at all: it needs no weights
    const { ends, failed } = possibleEnds(graph, flat);
    const { output: asked = null } = options;
    const reason = failed.get(asked ?? "");
    if (reason) throw refusedOutput(asked ?? "", reason);
    const alive = reaching(
      flat.nodes,
      ends.map(({ name }) => name),
    );
    const image = ends[0]?.input;
    if (!image) throw new RangeError("there is an end");
    const input = chooseInput(image, flat, alive, options);
    const tensors = new Tensors(files, name, file);
    const parts = { graph, flat, alive, ends, failed, input };
    const { assembly, end, outputs, lost } = await assembled(
      parts,
      tensors,
      options,
    );
    const { stripped, head, ...built } = assembly;
    return {
      ...built,
      name: files.title,
      labels: [],
      preprocessing: null,
      provenance: {
        format: onnx.title,
        hash: files.hash(),
        producer: producerOf(model),
        stripped: [...stripped, ...end.stripped],
        warnings: [
          ...otherOutputs(outputs),
          ...leftOut(lost),
          ...warningsOf(input, scope.opset("")),
        ],
      },
      told: {
        fixedSize: input.fixedSize,
        preprocessing: preprocessingOf(model, input),
        outputs,
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
  readonly ends: readonly End[];
  readonly failed: ReadonlyMap<string, Fault>;
  readonly input: ChosenInput;
}

interface Built {
  readonly assembly: Assembly;
  readonly end: End;
  readonly outputs: readonly OutputChoice[];
  /** Outputs that cannot be taken, by name. */
  readonly lost: ReadonlyMap<string, Fault>;
}

async function assembled(
  parts: Parts,
  tensors: Tensors,
  options: ReadOptions,
): Promise<Built> {
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
  { graph, flat, alive, ends, failed, input }: Parts,
  tensors: Tensors,
  options: ReadOptions,
): Promise<Built> {
  const lowering = createLowering(input.shape);
  const value = inputValue(input, lowering);
  const walk = { lowering, tensors, batch: input.batch, options };
  const named = { name: input.name, value };
  const names = ends.map((end) => end.name);
  const results = await lower(flat, alive, named, names, walk);
  const lost = new Map(failed);
  const candidates: (OutputCandidate & { end: End; value: Value })[] = [];
  for (const end of ends) {
    const result = results.get(end.name);
    const shape =
      result && !(result instanceof Fault)
        ? lowering.outputShape(result)
        : null;
    if (result instanceof Fault) lost.set(end.title, result);
    else if (!result || !shape)
      lost.set(
        end.title,
        new Fault("unsupported-network", "It does not depend on the image."),
      );
    else {
      const depth = lowering.depthOf(result);
      const { title: name, order } = end;
      candidates.push({ name, shape, depth, order, end, value: result });
    }
  }
  const [reason] = lost.values();
  if (candidates.length === 0 && reason) throw reason;
  const asked = options.output ?? null;
  const refused = lost.get(asked ?? "");
  if (refused) throw refusedOutput(asked ?? "", refused);
  const { chosen, outputs } = chooseOutput(candidates, asked);
  if (chosen.end.stripped.length === 0)
    checkBatch(graph, flat, chosen.end.name, chosen.value.dims, input.batch);
  const assembly = lowering.finish(chosen.value, options.head);
  return { assembly, end: chosen.end, outputs, lost };
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
