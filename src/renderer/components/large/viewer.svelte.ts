import {
  fitted,
  panBy,
  toggleFit,
  zoomAt,
  zoomOf,
  zoomStop,
  type Point,
  type Size,
  type View,
} from "./viewport";
import { evenDividers, moveDivider } from "./wipe";

export type Mode = "side" | "wipe" | "blink" | "difference";
export const modes: readonly { mode: Mode; title: string; key: string }[] = [
  { mode: "side", title: "Side by side", key: "S" },
  { mode: "wipe", title: "Wipe", key: "W" },
  { mode: "blink", title: "Blink", key: "B" },
  { mode: "difference", title: "Difference", key: "D" },
];
/** Milliseconds each picture is shown while blinking. */
export const blinkIntervals = [250, 600, 1200] as const;

/** How the large view is looked through; every pane shares it, and it outlives a change of tiles. */
export class LargeViewer {
  mode = $state<Mode>("side");
  /** Dividers of the wipe, in 0..1 of the visible part of the picture. */
  dividers = $state.raw<readonly number[]>([]);
  /** Where the pointer is, as fractions of the picture; null while it is elsewhere. */
  pointer = $state.raw<Point | null>(null);
  /** The pictures change by themselves. */
  blinking = $state(false);
  blinkInterval = $state<number>(600);
  /** Which tile a blink shows. */
  shown = $state(0);
  /** Size of the first picture and of a pane; zoom and pan are in their units. */
  picture = $state.raw<Size>({ width: 1, height: 1 });
  pane = $state.raw<Size>({ width: 1, height: 1 });

  #view = $state.raw<View>(fitted);
  readonly #calm: boolean;

  /** `calm`: the user asked the system for less motion, so nothing moves unless told to. */
  constructor({ calm }: { calm: boolean }) {
    this.#calm = calm;
  }

  get view(): View {
    return this.#view;
  }
  get zoom(): number {
    return zoomOf(this.#view, this.picture, this.pane);
  }
  /** What the inspector reads: under the pointer, else the middle of the view. */
  get inspected(): Point {
    return this.pointer ?? this.#view.center;
  }

  /** Changes the mode; asked twice for the blink it holds or goes on. */
  enter(mode: Mode): void {
    if (mode === "blink")
      this.blinking = this.mode === "blink" ? !this.blinking : !this.#calm;
    this.mode = mode;
  }

  fit(): void {
    this.#view = fitted;
  }

  zoomAt(factor: number, point: Point): void {
    this.#view = zoomAt(this.#view, factor, point, this.picture, this.pane);
  }

  zoomStop(direction: "in" | "out"): void {
    this.#view = zoomStop(this.#view, direction, this.picture, this.pane);
  }

  toggleFit(point: Point): void {
    this.#view = toggleFit(this.#view, point, this.picture, this.pane);
  }

  /** One picture pixel a CSS pixel, around the middle. */
  natural(): void {
    const middle = { x: this.pane.width / 2, y: this.pane.height / 2 };
    this.zoomAt(1 / this.zoom, middle);
  }

  pan(delta: Point): void {
    this.#view = panBy(this.#view, delta, this.picture, this.pane);
  }

  moveDivider(index: number, to: number): void {
    this.dividers = moveDivider(this.dividers, index, to);
  }

  /** Tiles were added or taken away: what counts tiles starts again, zoom and pan stay. */
  retile(count: number): void {
    if (this.dividers.length !== Math.max(0, count - 1))
      this.dividers = evenDividers(count);
    if (this.shown >= count) this.shown = 0;
  }

  nextShown(count: number): void {
    this.shown = count > 0 ? (this.shown + 1) % count : 0;
  }
}
