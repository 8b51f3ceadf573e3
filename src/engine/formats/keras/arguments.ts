/** What a call of a layer is given: outputs of other calls, and values written into the topology. */
import { Fault } from "../../../shared/fault";
import { isCount, isObject, type Json } from "../json";

/** The output of one call of a layer; layers may be called several times, and models inside have several outputs. */
export interface Source {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

/** `T` is what stands for the output of a call: a {@link Source}, later a node's name. */
export type Argument<T> =
  | { readonly kind: "tensor"; readonly tensor: T }
  | { readonly kind: "list"; readonly items: readonly Argument<T>[] }
  /** Anything else that JSON holds: numbers, parts of an index, null. */
  | { readonly kind: "value"; readonly value: unknown };

/** By position, and by name. */
export interface Call<T = Source> {
  readonly args: readonly Argument<T>[];
  readonly named: ReadonlyMap<string, Argument<T>>;
}

const deepest = 8;
const mostItems = 1_000_000;
/** Keras 2: where an argument's place is taken by a value. */
const constant = "_CONSTANT_VALUE";

/** All outputs a call reads, in order. */
export function tensorsOf<T>({ args, named }: Call<T>): T[] {
  const found: T[] = [];
  const visit = (argument: Argument<T>): void => {
    if (argument.kind === "tensor") found.push(argument.tensor);
    else if (argument.kind === "list") argument.items.forEach(visit);
  };
  [...args, ...named.values()].forEach(visit);
  return found;
}

/** The same call, with what stands for outputs replaced. */
export function mapCall<T, U>(call: Call<T>, change: (t: T) => U): Call<U> {
  const map = (argument: Argument<T>): Argument<U> => {
    switch (argument.kind) {
      case "tensor":
        return { kind: "tensor", tensor: change(argument.tensor) };
      case "list":
        return { kind: "list", items: argument.items.map(map) };
      case "value":
        return argument;
    }
  };
  return {
    args: call.args.map(map),
    named: new Map([...call.named].map(([key, value]) => [key, map(value)])),
  };
}

/**
 * The call with all its arguments by name. `parameters`: their names in the order of the call; `names`: those that
 * are called otherwise from now on.
 */
export function byName<T>(
  { args, named }: Call<T>,
  parameters: readonly string[],
  names: Readonly<Record<string, string>> = {},
): Call<T> {
  const all = new Map<string, Argument<T>>();
  const put = (name: string, argument: Argument<T>) =>
    all.set(
      Object.hasOwn(names, name) ? (names[name] ?? name) : name,
      argument,
    );
  args.forEach((argument, place) => put(parameters[place] ?? "", argument));
  for (const [name, argument] of named) put(name, argument);
  return { args: [], named: all };
}

/** A call that reads one output and nothing else. */
export function callOn(source: Source): Call {
  return { args: [{ kind: "tensor", tensor: source }], named: new Map() };
}

/** An entry of a layer's `inbound_nodes`, as Keras 2 or Keras 3 writes it. `reader` is the layer's name. */
export function readCall(call: unknown, reader: string): Call {
  if (isObject(call)) return readKeras3(call["args"], call["kwargs"], reader);
  if (!Array.isArray(call)) throw unreadable(reader);
  return readKeras2(call, reader);
}

/** { args: [...], kwargs: {...} }; an output is { class_name: "__keras_tensor__", config: { keras_history } }. */
function readKeras3(args: unknown, kwargs: unknown, reader: string): Call {
  if (!Array.isArray(args) || !isObject(kwargs ?? {})) throw unreadable(reader);
  const read = (value: unknown, depth = 0): Argument<Source> => {
    if (depth > deepest) throw unreadable(reader);
    if (Array.isArray(value))
      return listOf(value.map((item: unknown) => read(item, depth + 1)));
    if (!isObject(value)) return { kind: "value", value };
    const { class_name: className, config, items } = value;
    const settings = isObject(config) ? config : {};
    switch (className) {
      case "__keras_tensor__":
        return {
          kind: "tensor",
          tensor: readSource(settings["keras_history"], reader),
        };
      case "__tuple__":
        return read(items, depth + 1);
      case "__tensor__":
      case "__numpy__":
        return { kind: "value", value: settings["value"] };
      case "__slice__":
        return { kind: "value", value: settings };
      default:
        return className === undefined && hasTensor(value)
          ? read(onlyIn(value, reader), depth + 1)
          : { kind: "value", value };
    }
  };
  return {
    args: args.map((value: unknown) => read(value)),
    named: new Map(
      Object.entries(isObject(kwargs) ? kwargs : {}).map(([name, value]) => [
        name,
        read(value),
      ]),
    ),
  };
}

function hasTensor(value: unknown): boolean {
  return JSON.stringify(value).includes("__keras_tensor__");
}

/** The value of a dictionary of one: its name does not count. */
function onlyIn(dictionary: Json, reader: string): unknown {
  const [only, ...others] = Object.values(dictionary);
  if (others.length > 0)
    throw new Fault(
      "unsupported-network",
      `The layer "${reader}" is called with a dictionary of ${others.length + 1} values.`,
      "Supported are calls with one value, or a list of them.",
    );
  return only;
}

/** [[layer, call, output, named], ...], or one of these alone; in `named` an output is [layer, call, output]. */
function readKeras2(call: readonly unknown[], reader: string): Call {
  const single = typeof call[0] === "string";
  const entries: readonly unknown[] = single ? [call] : call;
  const named = new Map<string, Argument<Source>>();
  const read = (value: unknown, depth = 0): Argument<Source> => {
    if (depth > deepest) throw unreadable(reader);
    if (!Array.isArray(value)) return { kind: "value", value };
    const isOutput =
      value.length === 3 &&
      typeof value[0] === "string" &&
      value.slice(1).every(Number.isSafeInteger);
    return isOutput
      ? { kind: "tensor", tensor: readSource(value, reader) }
      : listOf(value.map((item: unknown) => read(item, depth + 1)));
  };
  const positional = entries.map((entry): Argument<Source> => {
    const parts: readonly unknown[] = Array.isArray(entry) ? entry : [];
    const [layer, , value, others] = parts;
    if (isObject(others))
      for (const [name, other] of Object.entries(others))
        if (!named.has(name)) named.set(name, read(other));
    return layer === constant
      ? { kind: "value", value }
      : { kind: "tensor", tensor: readSource(parts, reader) };
  });
  const [only] = positional;
  const args = only && positional.length === 1 ? [only] : [listOf(positional)];
  return { args, named };
}

/** [layer, call, output] */
export function readSource(source: unknown, reader: string): Source {
  const parts: unknown[] = Array.isArray(source) ? source : [];
  const [layer, call, output] = parts;
  if (typeof layer !== "string" || !isCount(call) || !isCount(output))
    throw damaged(
      `"${reader}" reads ${JSON.stringify(source)?.slice(0, 100)}, which names no layer's call.`,
    );
  return { layer, call, output };
}

/** A list without outputs in it is a value. */
function listOf(items: readonly Argument<Source>[]): Argument<Source> {
  if (items.length > mostItems)
    throw damaged(`A call is given a list of ${items.length} items.`);
  const values: unknown[] = [];
  for (const item of items) {
    if (item.kind !== "value") return { kind: "list", items };
    values.push(item.value);
  }
  return { kind: "value", value: values };
}

function unreadable(reader: string): Fault {
  return damaged(`The layer "${reader}" has unreadable inbound nodes.`);
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}
