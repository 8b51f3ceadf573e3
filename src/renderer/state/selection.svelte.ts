/** A tile by what it shows, so that a selection outlives a new run: pick and column. */
export interface Cell {
  /** The pick (see pick.ts). */
  readonly target: number;
  /** Id of the column. */
  readonly column: number;
}

export class Selection {
  /** Newest last; the last one has the ring and fills the Picture panel. */
  cells = $state.raw<readonly Cell[]>([]);
  /** Where a range begins that Shift and the arrow keys stretch. */
  #anchor: Cell | null = null;

  readonly focus = $derived(this.cells.at(-1) ?? null);

  has(cell: Cell): boolean {
    return this.cells.some((c) => equal(c, cell));
  }

  select(cell: Cell | null): void {
    this.cells = cell ? [cell] : [];
    this.#anchor = cell;
  }

  /** Adds a tile for a comparison, or takes it out again. */
  toggle(cell: Cell): void {
    this.cells = this.has(cell)
      ? this.cells.filter((c) => !equal(c, cell))
      : [...this.cells, cell];
    this.#anchor = cell;
  }

  set(cells: readonly Cell[]): void {
    this.cells = cells;
    this.#anchor = cells[0] ?? null;
  }

  /** Every tile; the ring stays where it is. */
  all(rows: readonly number[], columns: readonly number[]): void {
    const { focus } = this;
    const cells = rows.flatMap((target) =>
      columns.map((column) => ({ target, column })),
    );
    this.cells = focus
      ? [...cells.filter((cell) => !equal(cell, focus)), focus]
      : cells;
  }

  /** Moves the ring and chooses the block of tiles between it and where the stretching began. */
  stretch(
    rows: readonly number[],
    columns: readonly number[],
    down: number,
    right: number,
  ): void {
    const from = this.#anchor ?? this.focus;
    const to = this.move(rows, columns, down, right);
    if (!from || !to) return;
    const between = (list: readonly number[], a: number, b: number) => {
      const [i, j] = [list.indexOf(a), list.indexOf(b)];
      return list.slice(Math.min(i, j), Math.max(i, j) + 1);
    };
    // What the anchor stood on may be gone.
    if (!rows.includes(from.target) || !columns.includes(from.column)) return;
    const block = between(rows, from.target, to.target).flatMap((target) =>
      between(columns, from.column, to.column).map((column) => ({
        target,
        column,
      })),
    );
    this.cells = [...block.filter((cell) => !equal(cell, to)), to];
    this.#anchor = from;
  }

  /** The next tile in the grid; without a selection the first. */
  move(
    rows: readonly number[],
    columns: readonly number[],
    down: number,
    right: number,
  ): Cell | null {
    if (rows.length === 0 || columns.length === 0) return null;
    const { focus } = this;
    const row = focus ? rows.indexOf(focus.target) : -1;
    const column = focus ? columns.indexOf(focus.column) : -1;
    const target = rows[row < 0 ? 0 : clamp(row + down, rows.length)];
    const id = columns[column < 0 ? 0 : clamp(column + right, columns.length)];
    if (target === undefined || id === undefined) return null;
    const cell = { target, column: id };
    this.select(cell);
    return cell;
  }

  /** Drops what is no longer in the grid. */
  keep(rows: ReadonlySet<number>, columns: ReadonlySet<number>): void {
    const kept = this.cells.filter(
      (c) => rows.has(c.target) && columns.has(c.column),
    );
    if (kept.length !== this.cells.length) this.cells = kept;
  }
}

function equal(a: Cell, b: Cell): boolean {
  return a.target === b.target && a.column === b.column;
}

function clamp(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length - 1);
}
