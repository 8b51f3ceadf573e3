import { labCommand } from "./front";
import { batchFlags, batchSettings, fed } from "./gradient-magnitude";

export const batchNormInputs = labCommand({
  name: "batch-norm-inputs",
  experiment: "batch-norm-inputs",
  synopsis:
    "[NETWORK] [--slopes 0,0.1,0.2,0.3,0.5] [--images DIR] [--repetitions 4]",
  summary:
    "Standard deviation of what enters the batch norms of a Leaky ReLU network, slope by slope; without NETWORK, of a random ResNet-18.",
  positionals: { min: 0, max: 1 },
  flags: batchFlags,
  settings: (values, _positionals, network) => ({
    ...batchSettings(values),
    ...(network && { subject: "open" as const }),
  }),
  lines: (_rows, { slopes }) =>
    slopes.map(({ network, slope, deviation, spread, within, ...rest }) => ({
      network,
      slope,
      deviation,
      spread,
      within,
      repetitions: rest.repetitions,
      images: rest.images,
      layers: rest.layers,
    })),
  table: (_rows, { slopes }) => [
    ...(slopes[0]
      ? [
          fed(slopes[0].images),
          `${slopes[0].network}: ${slopes[0].layers.length} batch norms`,
        ]
      : []),
    "",
    "slope   deviation  spread   within channels",
    ...slopes.map(({ slope, deviation, spread, within }) =>
      [
        String(slope).padEnd(6),
        deviation.toFixed(5).padStart(9),
        (spread?.toFixed(5) ?? "-").padEnd(7),
        within.toFixed(5),
      ].join("  "),
    ),
  ],
});
