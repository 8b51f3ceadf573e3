import type { Assumption, Head, OutputChoice } from "../../shared/domain";
import { formatWhole } from "./format";

const titles: Readonly<Record<string, string>> = {
  activation: "Activation",
  "stem-stride": "First stride",
  "stem-pool": "First pool",
  "stage-strides": "Stage strides",
  "bottleneck-stride": "Bottleneck stride",
  "anti-alias": "Anti-aliasing",
  dilation: "Dilation",
  heads: "Attention heads",
  pooling: "Last pooling",
};

/** An assumption's key for people. */
export function assumptionTitle(key: string): string {
  return (
    titles[key] ??
    key.charAt(0).toUpperCase() + key.slice(1).replaceAll("-", " ")
  );
}

/** Whether nobody and no file has said so. */
export function isOpenAssumption({ from }: Assumption): boolean {
  return from === "assumed" || from === "evidence";
}

export const headWords: Readonly<
  Record<Head, { readonly title: string; readonly note: string }>
> = {
  softmax: { title: "Classes", note: "softmax: one is right" },
  sigmoid: { title: "Independent classes", note: "sigmoid" },
  value: { title: "Plain values", note: "no probability" },
  map: { title: "Maps", note: "the mean over positions" },
};

/** "logits, 1,000 values" or "mask, 21 maps of 64 × 64". */
export function outputTitle({ name, shape }: OutputChoice): string {
  const channels = shape.at(-1) ?? 0;
  const places = shape.slice(0, -1);
  const what =
    places.length === 0
      ? `${formatWhole(channels)} ${channels === 1 ? "value" : "values"}`
      : `${formatWhole(channels)} ${channels === 1 ? "map" : "maps"} of ${places.map(formatWhole).reverse().join(" × ")}`;
  return `${name}, ${what}`;
}
