/** How the tiles of the grid are laid out. Lengths in CSS px. */
export interface GridLayout {
  /** Width of a picture; the height follows from the picture's shape. */
  readonly picture: number;
  readonly pictureHeight: number;
  /** Figures beside the picture where there is room, below it otherwise. */
  readonly arrangement: "beside" | "below";
  readonly columnWidth: number;
  readonly rowHeight: number;
  /** Whether the tiles have lines for several seeds. */
  readonly seeds: boolean;
  /** Width of everything; more than the view scrolls sideways. */
  readonly width: number;
}

/** "fit" follows the window, "natural" shows one picture value a pixel, a number is a width. */
export type TileSize = "fit" | "natural" | number;

export const gridMetrics = {
  label: 100,
  gap: 12,
  figures: 84,
  figuresGap: 8,
  figuresBelow: 93,
  /** What the lines for several seeds add. */
  seedsBeside: 34,
  seedsBelow: 34,
  rowGap: 12,
  padding: 16,
  /** Room for the button that adds a column, where heads are narrow; it lies over the last head else. */
  add: 28,
  smallest: 64,
  /** No column is narrower, or its figures would not fit. */
  narrowest: 96,
  largest: 512,
} as const;

export interface GridSpace {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  /** The pictures' shape: [height, width]. */
  readonly shape: readonly [number, number];
  readonly size: TileSize;
  /** Device pixels a CSS px. */
  readonly ratio: number;
  /** Whether the gallery has several seeds. */
  readonly seeds?: boolean;
}

export function gridLayout(space: GridSpace): GridLayout {
  const m = gridMetrics;
  const { seeds = false } = space;
  const [height, width] = space.shape;
  const aspect = height / width;
  const columns = Math.max(1, space.columns);
  const room = space.width - 2 * m.padding - m.label - columns * m.gap;
  const wide = Math.floor(room / columns);
  const each = wide >= 190 ? wide : Math.floor((room - m.add) / columns);
  const beside = each - m.figures - m.figuresGap;

  let picture: number;
  let arrangement: GridLayout["arrangement"];
  if (space.size === "fit") {
    // Two rows and a bit of the third stay in sight, so that one sees that there is more.
    const tallest = Math.max(
      m.smallest,
      Math.floor(space.height / 2.3 / aspect),
    );
    arrangement = beside >= 112 ? "beside" : "below";
    picture = clamp(
      arrangement === "beside" ? beside : each,
      m.narrowest,
      Math.min(tallest, m.largest),
    );
  } else {
    picture =
      space.size === "natural" ? width : clamp(space.size, m.smallest, 1024);
    arrangement =
      picture + m.figuresGap + m.figures <= each ? "beside" : "below";
  }
  picture = crispSize(picture, width, space.ratio);
  const pictureHeight = Math.round(picture * aspect);
  const used =
    arrangement === "beside" ? picture + m.figuresGap + m.figures : picture;
  const columnWidth = Math.max(used, Math.min(each, used + 48), m.narrowest);
  const rowHeight =
    (arrangement === "beside"
      ? Math.max(pictureHeight, 96 + (seeds ? m.seedsBeside : 0))
      : pictureHeight + m.figuresBelow + (seeds ? m.seedsBelow : 0)) + m.rowGap;
  return {
    picture,
    pictureHeight,
    arrangement,
    columnWidth,
    rowHeight,
    seeds,
    width:
      2 * m.padding +
      m.label +
      columns * (columnWidth + m.gap) +
      (each === wide ? 0 : m.add),
  };
}

/**
 * The largest length up to `room` CSS px at which `values` picture values fall on whole device pixels;
 * below 2x, where pictures are smoothed, any length does.
 */
export function crispSize(room: number, values: number, ratio: number): number {
  const scale = (room * ratio) / values;
  return scale < 2 ? room : (Math.floor(scale + 1e-6) * values) / ratio;
}

/** Which of `count` equal rows touch the view, with `spare` more on both sides. [first, last) */
export function visibleRange(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
  spare: number,
): readonly [number, number] {
  if (count === 0 || rowHeight <= 0) return [0, 0];
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(
    count,
    Math.ceil((scrollTop + viewHeight) / rowHeight) + spare,
  );
  return [Math.min(first, Math.max(0, count - 1)), Math.max(last, 0)];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
