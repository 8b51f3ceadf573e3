/** What a plot draws. */

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of the spread; both or none. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * accent is for ProxyGrad, or whatever the page is about; the greys are for what it is compared with. A number in
 * 0..1 is a place between grey and accent, for many series in an order.
 */
export type PlotTone = "accent" | "strong" | "soft" | "dim" | number;

export interface PlotSeries {
  readonly name: string;
  readonly points: readonly PlotPoint[];
  readonly tone: PlotTone;
  /** A line through the points; the default is one. */
  readonly line?: "solid" | "dashed" | "thin" | "none";
  readonly marker?: "circle" | "square" | "diamond" | "none";
  /** How the spread is drawn; the default is whiskers. */
  readonly spread?: "whiskers" | "band";
  /** False: left out of the legend and the read-out, as one of several runs behind their mean. */
  readonly named?: boolean;
}

/** A line across the plot, with its label. */
export interface PlotReference {
  readonly at: number;
  readonly label: string;
}

export function colourOf(tone: PlotTone): string {
  switch (tone) {
    case "accent":
      return "var(--accent-line)";
    case "strong":
      return "var(--text)";
    case "soft":
      return "var(--dim)";
    case "dim":
      return "var(--line-strong)";
    default:
      return `color-mix(in oklab, var(--accent-line) ${Math.round(tone * 100)}%, var(--line-strong))`;
  }
}
