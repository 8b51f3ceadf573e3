/** The walk over a graph's nodes: what each becomes. */
import { Fault } from "../../../shared/fault";
import type { ReadOptions } from "../format";
import type { Dynamic, Lowering } from "../lowering/index";
import type { TensorSource } from "./attributes";
import { Call, type Outcome, type Surroundings } from "./call";
import type { FlatNode, Source } from "./flatten";
import { isSwitch, type ImageInput } from "./inputs";
import type { Opened } from "./opened";
import { checkArguments } from "./ops/arguments";
import { lowerOf } from "./ops/index";

/** Values above which what has been read is given up early. */
const large = 2 ** 22;

/** Goes through the nodes in order and keeps what each became. */
export class Evaluation implements Surroundings {
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
