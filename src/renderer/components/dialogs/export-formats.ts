import type { Contrast, ExportFormat } from "../../../shared/domain";

interface FormatWords {
  readonly format: ExportFormat;
  readonly title: string;
  /** One line: what one gets and what it is good for. */
  readonly text: string;
  /** Whether the contrast rule changes what is written. */
  readonly contrast: boolean;
}

export const exportFormats: readonly FormatWords[] = [
  {
    format: "html",
    title: "HTML page",
    text: "One file that opens in any browser, with the wipe; no network needed.",
    contrast: true,
  },
  {
    format: "sheet",
    title: "Contact sheet",
    text: "One PNG with every picture under its name and method.",
    contrast: true,
  },
  {
    format: "png",
    title: "PNG pictures",
    text: "A folder with a PNG a picture, its record inside.",
    contrast: true,
  },
  {
    format: "csv",
    title: "CSV of scores",
    text: "One table for spreadsheets: scores, slopes and settings, a line a picture.",
    contrast: false,
  },
  {
    format: "npy",
    title: "NumPy arrays",
    text: "A folder with the exact values, float32 in [−1, 1], a .npy a picture.",
    contrast: false,
  },
  {
    format: "records",
    title: "Records",
    text: "A folder with everything, kept steps included; opens again as a gallery.",
    contrast: false,
  },
];

/** What the rule does, for a sentence: "Contrast: each picture's mean ± 3 σ". */
export const contrastWords: Readonly<Record<Contrast, string>> = {
  raw: "values as they are, −1 to 1",
  sigma: "each picture’s mean ± 3 σ",
  percentile: "each picture’s 1st to 99th percentile",
};
