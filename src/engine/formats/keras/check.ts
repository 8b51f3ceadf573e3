/** Whether a topology can be done: every layer, setting and argument of it, before any weight is read. */
import { Fault } from "../../../shared/fault";
import { spellArgument, unreadArguments, type Arguments } from "../arguments";
import { isObject } from "../json";
import { unknownActivation } from "./activations";
import type { Argument, Call, Source } from "./arguments";
import type { Config } from "./config";
import { activationLayerOf } from "./layers/activation";
import { isFunction, kindOf, type LayerKind } from "./layers/index";
import {
  functionSettings,
  layerSettings,
  operationSettings,
  usualCall,
} from "./settings";
import type { Layer, Topology } from "./topology";

const mostShown = 3;

/**
 * Throws one Fault `unsupported-network` that names the layers that cannot be done. `reached`: those on the way to an
 * output; inputs count always.
 */
export function checkLayers(
  topology: Topology,
  reached: ReadonlySet<Layer>,
  version: 2 | 3,
): void {
  const problems = [...problemsOf(topology, reached, version)];
  if (problems.length === 0) return;
  const shown = problems.slice(0, mostShown).join("; ");
  const more =
    problems.length > mostShown
      ? `; and ${problems.length - mostShown} more`
      : "";
  throw new Fault(
    "unsupported-network",
    `${problems.length === 1 ? "A layer" : `${problems.length} layers`} cannot be done: ${shown}${more}.`,
    "Export the network to ONNX (tf2onnx), or build it without them.",
  );
}

function* problemsOf(
  topology: Topology,
  reached: ReadonlySet<Layer>,
  version: 2 | 3,
): Generator<string> {
  for (const layer of topology.layers.values()) {
    if (layer.className !== "InputLayer" && !reached.has(layer)) continue;
    const name = `"${layer.name.slice(0, 100)}"`;
    if (layer.model) {
      for (const problem of problemsOf(layer.model, reached, version))
        yield `in ${name}: ${problem}`;
      yield* callProblems(layer, usualCall, name);
    } else if (layer.className === "InputLayer") {
      for (const problem of inputProblems(layer)) yield `${name} ${problem}`;
    } else
      for (const problem of problemsIn(layer, version))
        yield `${name} ${problem}`;
  }
}

const overruledCall: Arguments = { ...usualCall, training: "ignored" };

const inputSettings: Arguments = {
  ...layerSettings,
  shape: "ignored",
  sparse: { only: [null, false] },
  ragged: { only: [null, false] },
  optional: { only: [null, false] },
  type_spec: { only: [null] },
};

function* inputProblems(layer: Layer): Generator<string> {
  // the first layer stands for the input where a Sequential has none of its own
  if (layer.name === "/") return;
  yield* settingProblems(layer.config, inputSettings);
}

function* problemsIn(layer: Layer, version: 2 | 3): Generator<string> {
  const { config, className, name } = layer;
  const kind = kindOf(layer);
  if (!kind) {
    yield whatIs(layer);
    return;
  }
  yield* settingProblems(config, settingsOf(layer, kind));
  if (!kind.parameters) {
    const type = typeProblem(config.raw("dtype"));
    if (type !== null) yield type;
  }
  const value = config.raw("activation");
  const layered = activationLayerOf(value, name);
  const activation = layered ? null : unknownActivation(value, version);
  if (activation !== null) yield `has ${activation}`;
  if (layered)
    for (const problem of settingProblems(layered.config, {
      ...layerSettings,
      ...layered.kind.settings,
    }))
      yield `${problem} in its activation`;
  const found =
    kind.refuses?.(config) ?? layered?.kind.refuses?.(layered.config);
  if (found) yield `(${className}) has ${found}`;
  const call =
    kind.trainsByDefault && version === 3 ? overruledCall : usualCall;
  yield* callProblems(layer, kind.parameters ?? call, "");
}

/** Every setting a layer may have. */
function settingsOf(layer: Layer, kind: LayerKind): Arguments {
  if (!kind.parameters) return { ...layerSettings, ...kind.settings };
  return isFunction(layer)
    ? functionSettings
    : { ...operationSettings, ...kind.parameters };
}

function* settingProblems(config: Config, known: Arguments): Generator<string> {
  for (const unread of unreadArguments(config.entries(), known))
    yield unread.known
      ? `has ${spellArgument(unread)}, which is not supported`
      : `has the unknown setting ${spellArgument(unread)}`;
}

/** `subject`: whose call it is, where the words do not follow its name. */
function* callProblems(
  { calls }: Layer,
  known: Arguments,
  subject: string,
): Generator<string> {
  const start = subject === "" ? "" : `${subject} `;
  const seen = new Set<string>();
  for (const call of calls)
    for (const unread of unreadArguments(givenIn(call, known), known)) {
      const problem = `${start}is called with ${spellArgument(unread)}, which is ${unread.known ? "not supported" : "unknown"}`;
      if (!seen.has(problem)) yield problem;
      seen.add(problem);
    }
}

/** Arguments of a call by their names, in an order; outputs of layers as what they are. */
function* givenIn(
  { args, named }: Call,
  known: Arguments,
): Generator<[string, unknown]> {
  const names = Object.keys(known);
  for (const [place, argument] of args.entries())
    yield [names[place] ?? `argument ${place + 1}`, spelled(argument)];
  for (const [name, argument] of named) yield [name, spelled(argument)];
}

function spelled(argument: Argument<Source>): unknown {
  switch (argument.kind) {
    case "value":
      return argument.value ?? null;
    case "tensor":
      return `output of ${argument.tensor.layer}`;
    case "list":
      return argument.items.map(spelled);
  }
}

const floats: readonly string[] = [
  "float32",
  "float16",
  "bfloat16",
  "float64",
  "mixed_float16",
  "mixed_bfloat16",
];

/** What a layer is computed in, as its `dtype` says: a name, or a policy. */
function typeOf(dtype: unknown): string | null {
  if (dtype === null) return "float32";
  if (typeof dtype === "string") return dtype;
  const config = isObject(dtype) ? dtype["config"] : null;
  const name = isObject(config) ? config["name"] : config;
  const className = isObject(dtype) ? dtype["class_name"] : null;
  const isPolicy = ["DTypePolicy", "FloatDTypePolicy", "Policy"].some(
    (policy) => policy === className,
  );
  return isPolicy && typeof name === "string" ? name : null;
}

function typeProblem(dtype: unknown): string | null {
  const type = typeOf(dtype);
  if (type !== null && floats.includes(type)) return null;
  const text = type ?? JSON.stringify(dtype).slice(0, 100);
  return /quantized|int8|gptq|awq/i.test(JSON.stringify(dtype))
    ? `has quantized weights (dtype ${text})`
    : `computes in ${text} (dtype), supported are floats`;
}

/** The types other than float32 that layers say they are computed in: "mixed_float16". */
export function narrowTypes(topology: Topology): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { model, config, className } of topology.layers.values()) {
    if (model) for (const type of narrowTypes(model)) found.add(type);
    const type = typeOf(config.raw("dtype"));
    if (
      type &&
      className !== "InputLayer" &&
      type !== "float32" &&
      floats.includes(type)
    )
      found.add(type);
  }
  return found;
}

/** What a layer that cannot be done is. */
function whatIs({ className, foreign, config }: Layer): string {
  if (foreign !== null)
    return `is of the class ${foreign.slice(0, 100)}, whose code lies elsewhere`;
  if (className === "Lambda") return "is a Lambda, code that is never run";
  const name = config.raw("function");
  return className === "TFOpLambda" || className === "SlicingOpLambda"
    ? `is TensorFlow's function ${JSON.stringify(name)?.slice(0, 100)}`
    : `is a ${className.slice(0, 100)}`;
}
