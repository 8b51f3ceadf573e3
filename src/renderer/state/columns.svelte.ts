import { limits, type Method } from "../../shared/domain";
import { slopesOf, titleMethod } from "../../shared/method";
import { moved } from "../lib/moved";
import type { ChangeOptions, Undo } from "./undo.svelte";

export interface ColumnDraft {
  /** Stays with the column while its slopes change. */
  readonly id: number;
  readonly method: Method;
  /** What it was before, newest first: pictures made with that stay under it until the next run. */
  readonly earlier?: readonly Method[];
}

/** Enough for a slope that is stepped through its range. */
const mostEarlier = 64;

export type MethodKind = Method["kind"];

/** The columns of the grid: which methods are compared, in order. */
export class Columns {
  list = $state.raw<readonly ColumnDraft[]>([]);
  #next = 1;
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  readonly full = $derived(this.list.length >= limits.columns);

  /** For each column the first earlier one with the same slopes; null where there is none. */
  readonly twins = $derived(
    this.list.map((column, i) => {
      const twin = this.list
        .slice(0, i)
        .find((other) => sameSlopes(other.method, column.method));
      return twin ?? null;
    }),
  );

  /** The three methods compared, with the network's slope. */
  reset(backwardSlope: number): void {
    this.set([
      { kind: "relu" },
      { kind: "leaky", slope: backwardSlope },
      { kind: "proxygrad", slope: backwardSlope },
    ]);
  }

  set(methods: readonly Method[]): void {
    // Columns that stay keep their id, so that their tiles do not jump.
    const spare = [...this.list];
    this.list = methods.slice(0, limits.columns).map((method) => {
      const at = spare.findIndex((c) => equal(c.method, method));
      const kept = at < 0 ? undefined : spare.splice(at, 1)[0];
      return kept ?? { id: this.#next++, method };
    });
  }

  /** Another method for a column; can be undone, as all that follows. */
  change(id: number, method: Method): void {
    const column = this.list.find((c) => c.id === id);
    if (!column || equal(column.method, method)) return;
    this.#put(
      this.#changed(id, method),
      `Changed ${titleMethod(column.method)} to ${titleMethod(method)}`,
      { gesture: `column ${id}` },
    );
  }

  /** Another kind with the slope the column had. */
  changeKind(id: number, kind: MethodKind): void {
    const column = this.list.find((c) => c.id === id);
    if (!column || column.method.kind === kind) return;
    this.change(id, ofKind(kind, column.method));
  }

  /** Adds the ProxyGrad column that is not there yet. */
  add(slope: number): void {
    if (this.full) return;
    const method = this.#free({ kind: "proxygrad", slope });
    this.#put(
      [...this.list, { id: this.#next++, method }],
      `Added ${titleMethod(method)}`,
    );
  }

  /** A copy beside the column, with the next slope that no column has. */
  duplicate(id: number): void {
    const at = this.list.findIndex((c) => c.id === id);
    const column = this.list[at];
    if (!column || this.full) return;
    const base: Method =
      column.method.kind === "relu"
        ? { kind: "proxygrad", slope: 0.1 }
        : column.method;
    const method = this.#free(base);
    this.#put(
      this.list.toSpliced(at + 1, 0, { id: this.#next++, method }),
      `Added ${titleMethod(method)}`,
    );
  }

  /**
   * Gives the first ProxyGrad column this slope, or adds one where there is none. False where nothing was to do:
   * there is such a column, or no room for one.
   */
  useBackwardSlope(slope: number): boolean {
    const before = this.list;
    const ours = before.filter((c) => c.method.kind === "proxygrad");
    const method: Method = { kind: "proxygrad", slope };
    if (ours.some((c) => equal(c.method, method))) return false;
    const [column] = ours;
    if (!column && this.full) return false;
    if (column)
      this.#put(
        this.#changed(column.id, method),
        `Compare’s ${titleMethod(column.method)} is ${titleMethod(method)} now`,
        { tell: true },
      );
    else
      this.#put(
        [...before, { id: this.#next++, method }],
        `Added ${titleMethod(method)} to Compare`,
        { tell: true },
      );
    return true;
  }

  remove(id: number): void {
    const at = this.list.findIndex((c) => c.id === id);
    const column = this.list[at];
    if (!column || this.list.length === 1) return;
    const without = () => this.list.filter((c) => c.id !== id);
    this.list = without();
    this.#undo.push(
      {
        label: `Removed ${titleMethod(column.method)}`,
        // The notice offers this also after something else has changed.
        undo: () => {
          if (!this.full && !this.list.some((c) => c.id === id))
            this.list = this.list.toSpliced(at, 0, column);
        },
        redo: () => {
          this.list = without();
        },
      },
      true,
    );
  }

  move(from: number, to: number): void {
    const method = this.list[from]?.method;
    if (method)
      this.#put(moved(this.list, from, to), `Moved ${titleMethod(method)}`);
  }

  #changed(id: number, method: Method): readonly ColumnDraft[] {
    return this.list.map((c) =>
      c.id === id ? { id, method, earlier: earlierOf(c, method) } : c,
    );
  }

  #put(
    next: readonly ColumnDraft[],
    label: string,
    options: ChangeOptions = {},
  ): void {
    const before = this.list;
    this.list = next;
    this.#undo.changed(
      label,
      before,
      next,
      (list) => {
        this.list = list;
      },
      options,
    );
  }

  /** The method itself, or with the next slope up that no column has; where none is left above, any free one. */
  #free(method: Method): Method {
    const taken = (candidate: Method) =>
      this.list.some((c) => sameSlopes(c.method, candidate));
    for (
      let candidate: Method | null = method;
      candidate !== null;
      candidate = nextSlope(candidate)
    )
      if (!taken(candidate)) return candidate;
    const hundredths = Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
    const slope = hundredths.find((s) => !taken(withBackward(method, s)));
    return slope === undefined ? method : withBackward(method, slope);
  }
}

/** What a column was before it becomes `next`. */
function earlierOf(column: ColumnDraft, next: Method): readonly Method[] {
  return [column.method, ...(column.earlier ?? [])]
    .filter(
      (method, place, all) =>
        !equal(method, next) &&
        all.findIndex((m) => equal(m, method)) === place,
    )
    .slice(0, mostEarlier);
}

/** Equal where they give a plain ReLU the same slopes. */
export function sameSlopes(a: Method, b: Method): boolean {
  const p = slopesOf(a);
  const q = slopesOf(b);
  return p.forward === q.forward && p.backward === q.backward;
}

function equal(a: Method, b: Method): boolean {
  return a.kind === b.kind && sameSlopes(a, b);
}

/** A method of another kind that keeps the slope a user set. */
export function ofKind(kind: MethodKind, from: Method): Method {
  const slopes = slopesOf(from);
  const slope = Math.max(slopes.forward, slopes.backward) || 0.1;
  switch (kind) {
    case "relu":
      return { kind };
    case "leaky":
    case "proxygrad":
      return { kind, slope };
    case "slopes":
      return { kind, forward: slopes.forward, backward: slopes.backward };
  }
}

/** The slope that is varied: the backward one where there are two. */
function withBackward(method: Method, slope: number): Method {
  switch (method.kind) {
    case "relu":
      return method;
    case "leaky":
    case "proxygrad":
      return { ...method, slope };
    case "slopes":
      return { ...method, backward: slope };
  }
}

/** The slope a step further on; null at 1. */
function nextSlope(method: Method): Method | null {
  if (method.kind === "relu") return null;
  const slope = method.kind === "slopes" ? method.backward : method.slope;
  const step = slope < 0.1 ? 0.05 : 0.1;
  const next = (Math.floor(slope / step + 1e-9) + 1) * step;
  return next > 1 + 1e-9
    ? null
    : withBackward(method, Math.round(next * 100) / 100);
}
