import type { Values } from "../../command";
import { readNumber } from "../../arguments";
import { imagesFlag, labCommand } from "./front";
import { readNumbers } from "./numbers";

/** Flags of experiments that feed a batch of pictures to networks as they are trained. */
export const batchFlags = {
  slopes: { value: "S,...", help: "slopes, separated by commas" },
  ...imagesFlag,
  size: {
    value: "128",
    help: "height and width of the pictures for the random networks",
  },
  batch: { value: "16", help: "pictures a batch" },
  repetitions: {
    value: "4",
    help: "how often, each with other random weights and another batch",
  },
  seed: { value: "1", help: "seed of weights, batches and labels" },
} as const;

/** What of them was said. */
export function batchSettings(values: Values) {
  const number = (flag: string, min: number, max: number, missing: number) =>
    readNumber(
      `--${flag}`,
      values.one(flag),
      { min, max, whole: true },
      missing,
    );
  return {
    ...(values.has("slopes") && {
      slopes: readNumbers("--slopes", values.one("slopes"), { min: 0, max: 1 }),
    }),
    size: number("size", 32, 256, 128),
    batch: number("batch", 2, 128, 16),
    repetitions: number("repetitions", 1, 1000, 4),
    seed: number("seed", 0, 0xffffffff, 1),
  };
}

export const gradientMagnitude = labCommand({
  name: "gradient-magnitude",
  experiment: "gradient-magnitude",
  synopsis:
    "[NETWORK] [--slopes 0.01,0.1,0.2,0.3,0.5] [--images DIR] [--repetitions 4]",
  summary:
    "Size of the loss's gradient after the first convolution of the first block, compared with ReLU; without NETWORK, of a random ResNet-18 with and without batch norm.",
  positionals: { min: 0, max: 1 },
  flags: batchFlags,
  settings: (values, _positionals, network) => ({
    ...batchSettings(values),
    ...(network && { subjects: ["open" as const] }),
  }),
  lines: (_rows, { cells }) =>
    cells.map(
      ({ network, batchNorm, method, slope, meanAbs, ratio, ...rest }) => ({
        network,
        batchNorm,
        method,
        slope,
        meanAbs,
        ratio,
        spread: rest.spread,
        repetitions: rest.repetitions,
        relu: rest.relu,
        node: rest.node,
        images: rest.images,
        labels: rest.labels,
      }),
    ),
  table: (_rows, { cells }) => [
    ...(cells[0] ? [fed(cells[0].images, cells[0].labels)] : []),
    ...new Set(
      cells.map(
        ({ network, node, relu }) =>
          `${network}: after ${node}, ReLU ${relu.toExponential(3)}`,
      ),
    ),
    "",
    "batch norm  method     slope   mean |gradient|  / ReLU   spread",
    ...cells.map(({ batchNorm, method, slope, meanAbs, ratio, spread }) =>
      [
        (batchNorm ? "yes" : "no").padEnd(10),
        method.padEnd(9),
        String(slope).padEnd(6),
        meanAbs.toExponential(3).padStart(15),
        (ratio?.toFixed(4) ?? "-").padStart(7),
        (spread?.toFixed(4) ?? "-").padStart(7),
      ].join("  "),
    ),
  ],
});

/** Which pictures it was. */
export function fed(
  images: "folder" | "noise",
  labels?: "folders" | "random",
): string {
  const pictures =
    images === "folder" ? "Pictures of the folder" : "Seeded noise";
  if (!labels) return `${pictures}.`;
  return `${pictures}, ${labels === "folders" ? "labels by class folder" : "random labels"}.`;
}
