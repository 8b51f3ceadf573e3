/** A node of an ONNX graph: what it reads and writes, and its attributes as they are asked for. */
import { Fault } from "../../../shared/fault";
import type { AttributeProto, GraphProto, TensorProto } from "./model";
import type { Scope } from "./scope";

const mostListed = 65_536;

export interface NodeParts {
  /** For people: the node's own, or its operation and what it writes. */
  readonly name: string;
  /** "" is ONNX's own. */
  readonly domain: string;
  readonly op: string;
  /** Version of its domain's operations. */
  readonly opset: number;
  /** Names of values; "" is an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  /** What names mean in its subgraphs. */
  readonly scope: Scope;
}

export class OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly scope: Scope;
  readonly #domain: string;
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(parts: NodeParts) {
    this.name = parts.name;
    this.op = parts.op;
    this.opset = parts.opset;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.scope = parts.scope;
    this.#domain = parts.domain;
    this.#attributes = parts.attributes;
  }

  /** "Conv", or "com.microsoft::FusedConv" of another domain. */
  get kind(): string {
    return this.#domain ? `${this.#domain}::${this.op}` : this.op;
  }

  has(attribute: string): boolean {
    return this.#attributes.has(attribute);
  }

  int(attribute: string, missing: number): number {
    return this.#attributes.get(attribute)?.i ?? missing;
  }

  flag(attribute: string, missing = false): boolean {
    return this.int(attribute, missing ? 1 : 0) !== 0;
  }

  float(attribute: string, missing: number): number {
    return this.#attributes.get(attribute)?.f ?? missing;
  }

  text(attribute: string, missing: string): string {
    const found = this.#attributes.get(attribute);
    return found ? new TextDecoder().decode(found.s) : missing;
  }

  ints(attribute: string): readonly number[] | null {
    const list = this.#attributes.get(attribute)?.ints ?? null;
    if (list && list.length > mostListed)
      this.damaged(
        `its attribute "${attribute}" lists ${list.length} numbers.`,
      );
    return list;
  }

  floats(attribute: string): readonly number[] | null {
    return this.#attributes.get(attribute)?.floats ?? null;
  }

  tensor(attribute: string): TensorProto | null {
    return this.#attributes.get(attribute)?.t ?? null;
  }

  graph(attribute: string): GraphProto | null {
    return this.#attributes.get(attribute)?.g ?? null;
  }

  /** Names and values of all attributes; a tensor or a graph is told by its kind. */
  *attributes(): Generator<readonly [string, unknown]> {
    for (const [name, attribute] of this.#attributes)
      yield [name, valueOf(attribute)];
  }

  /** All subgraphs among the attributes. */
  graphs(): readonly GraphProto[] {
    return [...this.#attributes.values()].flatMap(({ g }) => (g ? [g] : []));
  }

  /** The file contradicts itself. */
  damaged(found: string): never {
    throw new Fault(
      "damaged-file",
      `Node "${this.name}" (${this.kind}): ${found}`,
      "Export the network again.",
    );
  }

  /** The network is sound but asks for something Proxima cannot do. */
  refuse(found: string, supported = ""): never {
    throw new Fault(
      "unsupported-network",
      `Node "${this.name}" (${this.kind}, opset ${this.opset}): ${found}`,
      supported,
    );
  }
}

/** By AttributeProto.AttributeType. */
function valueOf({ type, f, i, s, floats, ints }: AttributeProto): unknown {
  switch (type) {
    case 1:
      return f;
    case 2:
      return i;
    case 3:
      return new TextDecoder().decode(s.slice(0, 200));
    case 6:
      return floats;
    case 7:
      return ints;
    default:
      return type === 4 ? "a tensor" : type === 5 ? "a graph" : "a value";
  }
}
