/** A trained network as a folder that opens like any other: a TF.js layers model with its card and labels. */
import { createHash } from "node:crypto";
import {
  writeLayersModel,
  type Network,
  type NetworkCard,
} from "../../../engine";
import { titleMethod } from "../../../shared/method";
import {
  architectureTitles,
  methodOfSlopes,
  type TrainingRun,
} from "../../../shared/training";
import { PartFolder } from "../part-folder";
import { bestFolder, type Experiment } from "./experiment-folder";

/** Replaces the run's best network. Throws `export-failed`. */
export async function writeTrainedNetwork(
  folder: string,
  network: Network,
  experiment: Experiment,
  run: TrainingRun,
): Promise<void> {
  const { model, weights } = writeLayersModel(network);
  const labels = experiment.data.classes.map(({ label }) => label);
  const files = new Map<string, Uint8Array>([
    ["model.json", Buffer.from(JSON.stringify(model))],
    ["weights.bin", weights],
    ["labels.json", Buffer.from(`${JSON.stringify(labels)}\n`)],
  ]);
  const sha256 = Object.fromEntries(
    [...files].map(([name, bytes]) => [
      name,
      createHash("sha256").update(bytes).digest("hex"),
    ]),
  );
  const card = { ...cardOf(experiment, run), sha256 };
  const part = await PartFolder.create(folder, bestFolder);
  try {
    for (const [name, bytes] of files) await part.write(name, bytes);
    await part.write("card.json", `${JSON.stringify(card, null, 1)}\n`);
    await part.commit();
  } catch (error) {
    await part.discard();
    throw error;
  }
}

function cardOf(
  { plan, data }: Experiment,
  { slopes, seed, best }: TrainingRun,
): NetworkCard & Record<string, unknown> {
  const rule = titleMethod(methodOfSlopes(slopes));
  const { size, network, epochs, weightDecay, labelSmoothing } = plan;
  const optimizer = plan.optimizer === "adamw" ? "AdamW" : "LAMB";
  return {
    name: `${architectureTitles[network]}, ${data.name}, ${rule}`,
    made: `trained from scratch with Proxima: ${rule} at every rectifier, seed ${seed}, epoch ${best?.epoch ?? 0} of ${epochs}, ${optimizer} (learning rate ${plan.learningRate}, weight decay ${weightDecay}), label smoothing ${labelSmoothing}`,
    data: `${data.name}: ${data.parts.train} pictures of ${data.classes.length} classes`,
    ...(best?.validation ? { validationTop1: best.validation.accuracy } : {}),
    input: { height: size, width: size, channels: 3 },
    preprocessing: {
      order: "RGB",
      mean: [127.5, 127.5, 127.5],
      std: [127.5, 127.5, 127.5],
      resize: "whole picture",
    },
    // a network trained with one rule is looked at with it first
    ...(slopes.backward > 0
      ? { ascent: { backwardSlope: slopes.backward } }
      : {}),
  };
}
