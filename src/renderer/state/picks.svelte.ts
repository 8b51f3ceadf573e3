import { limits } from "../../shared/domain";
import { moved } from "../lib/moved";
import { indexOfPick, oppositePick } from "../lib/pick";
import type { ChangeOptions, Undo } from "./undo.svelte";

/** A list of picks under a name, for the network it was saved with. */
export interface SavedSet {
  readonly name: string;
  /** Picks (see pick.ts). */
  readonly classes: readonly number[];
}

/** What is picked (see pick.ts): the rows, in order, each once. A class may be there both ways. */
export class Picks {
  list = $state.raw<readonly number[]>([]);
  sets = $state.raw<readonly SavedSet[]>([]);
  readonly #chosen = $derived(new Set(this.list));
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  has(pick: number): boolean {
    return this.#chosen.has(pick);
  }

  /** Whether a class is picked, either way. */
  hasClass(index: number): boolean {
    return this.has(index) || this.has(oppositePick(index));
  }

  /** Picks a class, or takes it away however it is picked. */
  toggle(index: number): void {
    if (this.hasClass(index))
      this.#put(
        this.list.filter((pick) => indexOfPick(pick) !== index),
        "Picked one less",
      );
    else this.add([index]);
  }

  /** Minimises what was maximised and the other way round, in its place; can be undone. `name` is what it is then. */
  turn(pick: number, name: string): void {
    const other = oppositePick(pick);
    if (!this.has(pick)) return;
    this.#put(
      this.has(other)
        ? this.list.filter((one) => one !== pick)
        : this.list.map((one) => (one === pick ? other : one)),
      `Picked ${name} instead`,
      { tell: true },
    );
  }

  /** Puts the same class the other way round behind a pick; can be undone. `name` is what it is. */
  addOpposite(pick: number, name: string): void {
    const other = oppositePick(pick);
    const at = this.list.indexOf(pick);
    if (at < 0 || this.has(other) || this.list.length >= limits.targets) return;
    this.#put(this.list.toSpliced(at + 1, 0, other), `Picked ${name} too`, {
      tell: true,
    });
  }

  /** Adds those that are not there yet, up to the limit; returns how many came. */
  add(indices: readonly number[]): number {
    const next = [...new Set([...this.list, ...indices])].slice(
      0,
      limits.targets,
    );
    const added = next.length - this.list.length;
    if (added > 0) this.#put(next, `Picked ${added} more`);
    return added;
  }

  /** Puts others in their place; can be undone. */
  replace(indices: readonly number[], label: string): void {
    const next = [...new Set(indices)].slice(0, limits.targets);
    if (same(this.list, next)) return;
    this.#put(next, label, { tell: this.list.length > 0 });
  }

  /** Takes a row away; can be undone. `name` is its label. */
  remove(pick: number, name: string): void {
    const at = this.list.indexOf(pick);
    if (at < 0) return;
    const without = () => this.list.filter((one) => one !== pick);
    this.list = without();
    this.#undo.push(
      {
        label: `Removed ${name}`,
        // The notice offers this also after something else has changed.
        undo: () => {
          if (!this.has(pick) && this.list.length < limits.targets)
            this.list = this.list.toSpliced(at, 0, pick);
        },
        redo: () => {
          this.list = without();
        },
      },
      true,
    );
  }

  clear(): void {
    if (this.list.length === 0) return;
    this.#put([], "Cleared what was picked", { tell: true });
  }

  /** Leaves those of so many classes, also in the saved sets; `otherwise` is picked where none of the picks is left. */
  fit(classes: number, otherwise: readonly number[]): void {
    const within = (pick: number) => indexOfPick(pick) < classes;
    this.sets = this.sets
      .map((set) => ({ ...set, classes: set.classes.filter(within) }))
      .filter((set) => set.classes.length > 0);
    const left = this.list.filter(within);
    if (left.length === this.list.length) return;
    this.list = left.length > 0 ? left : otherwise;
  }

  /** Moves a pick; places are clamped to the list. */
  move(from: number, to: number): void {
    const next = moved(this.list, from, to);
    if (!same(this.list, next))
      this.#put(next, "Moved a row", { gesture: "rows" });
  }

  /** Saves the present picks; a set of the same name is replaced. */
  save(name: string): void {
    const trimmed = name.trim().slice(0, 80);
    if (trimmed === "" || this.list.length === 0) return;
    this.#putSets(
      [
        ...this.sets.filter((s) => s.name !== trimmed),
        { name: trimmed, classes: this.list },
      ].toSorted((a, b) => a.name.localeCompare(b.name)),
      `Saved the set ${trimmed}`,
    );
  }

  deleteSet(name: string): void {
    this.#putSets(
      this.sets.filter((s) => s.name !== name),
      `Deleted the set ${name}`,
      { tell: true },
    );
  }

  #put(
    next: readonly number[],
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

  #putSets(
    next: readonly SavedSet[],
    label: string,
    options: ChangeOptions = {},
  ): void {
    const before = this.sets;
    this.sets = next;
    this.#undo.changed(
      label,
      before,
      next,
      (sets) => {
        this.sets = sets;
      },
      options,
    );
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
