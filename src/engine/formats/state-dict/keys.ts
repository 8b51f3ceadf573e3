/** The names and shapes of a state dict, as a tree: "layer1.0.conv1.weight" is a leaf under "layer1.0.conv1". */
import type { Shape } from "../../network/op";

export class Keys {
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #children = new Map<string, Set<string>>();

  constructor(shapes: ReadonlyMap<string, Shape>) {
    this.#shapes = shapes;
    for (const key of shapes.keys()) {
      const parts = key.split(".").slice(0, deepest);
      for (let depth = 0; depth < parts.length; depth++) {
        const parent = parts.slice(0, depth).join(".");
        const children = this.#children.get(parent) ?? new Set();
        children.add(parts[depth] ?? "");
        this.#children.set(parent, children);
      }
    }
  }

  get all(): Iterable<string> {
    return this.#shapes.keys();
  }

  /** Null where there is no tensor of this name. */
  shape(key: string): Shape | null {
    return this.#shapes.get(key) ?? null;
  }

  /** Whether there is a tensor of this name, or one below it. */
  has(name: string): boolean {
    return this.#shapes.has(name) || this.#children.has(name);
  }

  /** Tensors whose names begin so: "layer1.", or "" for all. */
  under(start: string): string[] {
    return [...this.#shapes.keys()].filter((key) => key.startsWith(start));
  }

  /** Names right below a name; "" is the root. */
  below(name: string): readonly string[] {
    return [...(this.#children.get(name) ?? [])];
  }

  /** The numbers among the names right below, ascending: the modules of a Sequential that have weights. */
  indices(name: string): number[] {
    return this.below(name)
      .filter((child) => /^\d{1,4}$/.test(child))
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** The rank of a layer's weight: 4 for a convolution, 2 for a linear layer, 1 for a normalisation, 0 for none. */
  rank(layer: string): number {
    return this.shape(`${layer}.weight`)?.length ?? 0;
  }

  /** The kernel's height, 0 where there is none. */
  kernel(layer: string): number {
    return this.shape(`${layer}.weight`)?.[2] ?? 0;
  }
}

/** Names go no deeper in any family; a hostile one of a million dots costs nothing. */
const deepest = 12;
