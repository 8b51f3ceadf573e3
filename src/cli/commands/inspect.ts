import { summaryOf } from "../../main/host/summary";
import type { NetworkSummary } from "../../shared/domain";
import { answerFlags } from "../answers";
import type { Command } from "../command";
import { openTheNetwork } from "../engine";
import { exitCodes } from "../exit";

export const inspect: Command = {
  name: "inspect",
  synopsis: "NETWORK",
  summary: "Tell what a network is: input, preprocessing, classes, operations.",
  positionals: { min: 1, max: 1 },
  flags: answerFlags,
  async run([name = ""], values, context) {
    const { info } = await openTheNetwork(name, values, context);
    const summary = summaryOf(info);
    context.emit(summary);
    for (const line of describe(summary)) context.print(line);
    return exitCodes.done;
  },
};

function describe(network: NetworkSummary): string[] {
  const { input, preprocessing, operations, defaults } = network;
  const { regularization } = defaults;
  const rows: [string, string][] = [
    ["id", network.id],
    ["format", network.format],
    ["hash", network.hash],
    ["input", `${input.height} x ${input.width} x ${input.channels}`],
    [
      "preprocessing",
      preprocessing
        ? `${preprocessing.order}, (p - [${preprocessing.mean.join(", ")}]) / [${preprocessing.std.join(", ")}], p in 0..255`
        : "none: the image goes in as it is, in [-1, 1]",
    ],
    ["classes", String(network.classes)],
    ["maximises", network.maximises],
    ["parameters", network.parameters.toLocaleString("en")],
    [
      "operations",
      Object.entries(operations)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", "),
    ],
    [
      "rectifiers",
      `${network.rectifiers} of ${network.activations} activations`,
    ],
    [
      "defaults",
      `${defaults.steps} steps of ${defaults.stepSize}, start noise ${defaults.startNoise}, blur ${regularization.blur}, rotation ${regularization.rotate}, backward slope ${defaults.backwardSlope}`,
    ],
    ["source", network.source],
    ["licence", network.licence],
  ];
  return [
    network.name,
    ...rows
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `  ${name.padEnd(13)}  ${value}`),
  ];
}
