/** Walks the nodes of an ONNX graph in order; weights are read when they are first wanted and let go after the last use. */
import { Fault } from "../../../shared/fault";
import { count } from "../../network/ops/check";
import type { ReadOptions } from "../format";
import { Folding } from "../lowering/folding";
import type { Lowering, Value } from "../lowering/index";
import { Call, type Surroundings } from "./call";
import { uniform } from "./constants";
import {
  branchScope,
  flatten,
  reaching,
  readBy,
  type FlatGraph,
} from "./graph";
import type { TensorProto } from "./model";
import type { OnnxNode } from "./node";
import { checkArguments } from "./operators/arguments";
import { operators } from "./operators/index";
import { valueCount, type Tensors } from "./tensors";

export interface Walk {
  readonly lowering: Lowering;
  readonly tensors: Tensors;
  readonly batch: number;
  readonly options: ReadOptions;
}

const mostNamed = 4;
/** Values that come of nothing: shapes filled with a number. */
const mostMade = 2 ** 28;

/** Whether only those outputs are lost that need it. */
export function isBearable(error: unknown): error is Fault {
  return error instanceof Fault && error.code === "unsupported-network";
}

/**
 * Throws a Fault `unsupported-network` that names every operation there is none for, up to {@link mostNamed}, or else
 * an argument of one that nobody reads.
 */
export function checkOperators(nodes: readonly OnnxNode[]): void {
  const unknown = nodes.filter(
    ({ kind }) => kind !== "If" && !operators.has(kind),
  );
  if (unknown.length === 0) {
    for (const node of nodes) checkArguments(node);
    return;
  }
  const kinds = new Map<string, OnnxNode>();
  for (const node of unknown)
    if (!kinds.has(node.kind)) kinds.set(node.kind, node);
  const named = [...kinds]
    .slice(0, mostNamed)
    .map(
      ([kind, { name, opset }]) => `${kind} (node "${name}", opset ${opset})`,
    );
  const more =
    kinds.size > mostNamed ? ` and ${kinds.size - mostNamed} more` : "";
  const isQuantized = [...kinds.keys()].some((kind) =>
    /Quantize|QLinear|Integer$/.test(kind),
  );
  throw new Fault(
    "unsupported-network",
    `The network uses operations that Proxima does not have: ${named.join(", ")}${more}.`,
    isQuantized
      ? "It is quantised, and has no gradient: open the float network it was made from."
      : "Export the network without them.",
  );
}

/**
 * The values of `outputs` by name; `input` is the image. A node that cannot be done only takes those with it that read
 * it, and its Fault is their value; where there is one output, or the file is damaged, it is thrown.
 */
export async function lower(
  graph: FlatGraph,
  alive: readonly OnnxNode[],
  input: { readonly name: string; readonly value: Value },
  outputs: readonly string[],
  walk: Walk,
): Promise<ReadonlyMap<string, Value | Fault>> {
  const walker = new Walker(
    walk,
    countUses(alive, outputs),
    outputs.length > 1,
  );
  const values = new Map([[input.name, input.value]]);
  await walker.run(alive, graph.constants, values, true);
  const results = new Map<string, Value | Fault>();
  for (const name of outputs)
    results.set(
      name,
      walker.faults.get(name) ??
        (await walker.valueOf(name, graph.constants, values)),
    );
  return results;
}

function countUses(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
): Map<string, number> {
  const uses = new Map<string, number>();
  const use = (name: string) => uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const name of outputs) use(name);
  for (const node of nodes) for (const name of readBy(node)) use(name);
  return uses;
}

type Constants = ReadonlyMap<string, TensorProto>;
type Values = Map<string, Value>;

class Walker {
  readonly #walk: Walk;
  readonly #around: Surroundings;
  readonly #uses: Map<string, number>;
  readonly #bears: boolean;
  /** Why a value is missing, by its name. */
  readonly faults = new Map<string, Fault>();
  #made = 0;
  #read = 0;

  constructor(walk: Walk, uses: Map<string, number>, bears: boolean) {
    this.#walk = walk;
    this.#uses = uses;
    this.#bears = bears;
    this.#around = {
      lowering: walk.lowering,
      folding: new Folding(),
      batch: walk.batch,
      make: (node, values) => {
        this.#made += values;
        if (!(this.#made <= mostMade))
          node.refuse(
            `with what was filled before it makes ${this.#made} values.`,
            `Supported are ${mostMade} values that the file does not hold.`,
          );
      },
    };
  }

  async run(
    nodes: readonly OnnxNode[],
    constants: Constants,
    values: Values,
    releases: boolean,
  ): Promise<void> {
    const { signal, progress } = this.#walk.options;
    const total = [...constants.values()].reduce(
      (n, t) => n + 4 * count(t.dims),
      0,
    );
    for (const node of nodes) {
      signal.throwIfAborted();
      const lost = [...readBy(node)].find((name) => this.faults.has(name));
      const reason = lost === undefined ? undefined : this.faults.get(lost);
      if (reason) this.#lose(node, reason);
      else
        try {
          await this.#one(node, constants, values);
        } catch (error) {
          if (!this.#bears || !releases || !isBearable(error)) throw error;
          this.#lose(node, error);
        }
      if (!releases) continue;
      progress("Reading weights", this.#read, total);
      this.#release(node, values);
    }
  }

  #lose(node: OnnxNode, reason: Fault): void {
    for (const name of node.outputs)
      if (name !== "") this.faults.set(name, reason);
  }

  async #one(
    node: OnnxNode,
    constants: Constants,
    values: Values,
  ): Promise<void> {
    if (node.kind === "If") return this.#branch(node, constants, values);
    const inputs: (Value | null)[] = [];
    for (const name of node.inputs)
      inputs.push(
        name === "" ? null : await this.valueOf(name, constants, values),
      );
    this.#set(node, this.#done(node, inputs), values);
  }

  /** A value there is already, or a tensor that is read now. */
  async valueOf(
    name: string,
    constants: Constants,
    values: Values,
  ): Promise<Value> {
    const present = values.get(name);
    if (present) return present;
    const tensor = constants.get(name);
    if (!tensor) throw new RangeError(`no value "${name}"`);
    const { dims, data, type } = await this.#walk.tensors.read(tensor);
    this.#read += 4 * valueCount(tensor);
    const value = this.#walk.lowering.constant(dims, data, type);
    values.set(name, value);
    return value;
  }

  #done(node: OnnxNode, inputs: readonly (Value | null)[]): readonly Value[] {
    const operator = operators.get(node.kind);
    if (!operator) return node.refuse("there is no such operation.");
    return [operator(new Call(node, inputs, this.#around))].flat();
  }

  #set(node: OnnxNode, results: readonly Value[], values: Values): void {
    for (const [i, name] of node.outputs.entries()) {
      if (name === "") continue;
      const result = results[i];
      if (result) values.set(name, result);
      // what may be given beside the value and is seldom read: the mask of a dropout, the places of a maximum
      else if (this.#uses.has(name))
        node.refuse(
          `its output ${i} is read by another node.`,
          "Supported is its first output.",
        );
    }
  }

  /** A branch that is decided when the network is opened is written out. */
  async #branch(
    node: OnnxNode,
    constants: Constants,
    values: Values,
  ): Promise<void> {
    const [conditionName = ""] = node.inputs;
    const condition = await this.valueOf(conditionName, constants, values);
    const holds = condition.kind === "constant" ? uniform(condition) : null;
    if (holds === null)
      return node.refuse(
        "which branch is taken depends on the image.",
        "Export the network without branches.",
      );
    const graph = node.graph(holds ? "then_branch" : "else_branch");
    if (!graph) return node.damaged("it has no branches.");
    const scope = branchScope(graph, node.scope);
    const flat = flatten(graph, scope, [...constants.keys(), ...values.keys()]);
    const inner = reaching(flat.nodes, flat.outputs);
    checkOperators(inner);
    for (const each of inner)
      for (const name of readBy(each))
        this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    const all = new Map([...constants, ...flat.constants]);
    await this.run(inner, all, values, false);
    const results: Value[] = [];
    for (const name of flat.outputs)
      results.push(await this.valueOf(name, all, values));
    this.#set(node, results, values);
  }

  #release(node: OnnxNode, values: Values): void {
    for (const name of readBy(node)) {
      const left = (this.#uses.get(name) ?? 1) - 1;
      this.#uses.set(name, left);
      if (left <= 0) values.delete(name);
    }
  }
}
