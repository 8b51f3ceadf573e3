import { limits } from "../../shared/domain";
import { moved } from "../lib/moved";
import { indexOfPick, oppositePick } from "../lib/pick";
import type { Undo } from "./undo.svelte";

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
      this.list = this.list.filter((pick) => indexOfPick(pick) !== index);
    else this.add([index]);
  }

  /** Minimises what was maximised and the other way round, in its place; can be undone. `name` is what it is then. */
  turn(pick: number, name: string): void {
    const other = oppositePick(pick);
    if (!this.has(pick)) return;
    const before = this.list;
    this.list = this.has(other)
      ? before.filter((one) => one !== pick)
      : before.map((one) => (one === pick ? other : one));
    this.#remember(`Picked ${name} instead`, before);
  }

  /** Puts the same class the other way round behind a pick; can be undone. `name` is what it is. */
  addOpposite(pick: number, name: string): void {
    const other = oppositePick(pick);
    const at = this.list.indexOf(pick);
    if (at < 0 || this.has(other) || this.list.length >= limits.targets) return;
    const before = this.list;
    this.list = before.toSpliced(at + 1, 0, other);
    this.#remember(`Picked ${name} too`, before);
  }

  /** Adds those that are not there yet, up to the limit; returns how many came. */
  add(indices: readonly number[]): number {
    const next = [...new Set([...this.list, ...indices])].slice(
      0,
      limits.targets,
    );
    const added = next.length - this.list.length;
    this.list = next;
    return added;
  }

  /** Puts others in their place; can be undone. */
  replace(indices: readonly number[], label: string): void {
    const before = this.list;
    const next = [...new Set(indices)].slice(0, limits.targets);
    if (same(before, next)) return;
    this.list = next;
    if (before.length > 0) this.#remember(label, before);
  }

  /** Takes a row away; can be undone. `name` is its label. */
  remove(pick: number, name: string): void {
    if (!this.has(pick)) return;
    const before = this.list;
    this.list = before.filter((one) => one !== pick);
    this.#remember(`Removed ${name}`, before);
  }

  clear(): void {
    if (this.list.length === 0) return;
    const before = this.list;
    this.list = [];
    this.#remember("Cleared what was picked", before);
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
    this.list = moved(this.list, from, to);
  }

  /** Saves the present picks; a set of the same name is replaced. */
  save(name: string): void {
    const trimmed = name.trim().slice(0, 80);
    if (trimmed === "" || this.list.length === 0) return;
    this.sets = [
      ...this.sets.filter((s) => s.name !== trimmed),
      { name: trimmed, classes: this.list },
    ].toSorted((a, b) => a.name.localeCompare(b.name));
  }

  deleteSet(name: string): void {
    const before = this.sets;
    this.sets = before.filter((s) => s.name !== name);
    this.#undo.push(
      {
        label: `Deleted the set ${name}`,
        undo: () => {
          this.sets = before;
        },
      },
      true,
    );
  }

  #remember(label: string, before: readonly number[]): void {
    this.#undo.push(
      {
        label,
        undo: () => {
          this.list = before;
        },
      },
      true,
    );
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
