/** The tiny network with other heads: a single sigmoid, sigmoids of several classes, a single number. */
import { writeTinyNetwork, type TinyModel } from "./tiny-network";

const filters = 8;
/** Weights of the convolution. */
const before = 3 * 3 * 3 * filters + filters;

function head(model: TinyModel, units: number, activation: string): void {
  const { layers } = model.modelTopology.model_config.config;
  const last = layers.find(({ name }) => name === "logits");
  if (last) Object.assign(last.config, { units, activation });
  for (const weight of model.weightsManifest[0]?.weights ?? []) {
    if (weight.name === "logits/kernel") weight.shape = [filters, units];
    if (weight.name === "logits/bias") weight.shape = [units];
  }
}

/** One output; `sigmoid`: the probability of a cat, `linear`: a plain number. */
export function writeSingleNetwork(
  folder: string,
  activation: "sigmoid" | "linear",
): Promise<string> {
  return writeTinyNetwork(folder, {
    labels: ["cat"],
    edit: (model) => {
      head(model, 1, activation);
    },
    weights: (values) => {
      const used = values.slice(0, before + filters + 1);
      return new Uint8Array(used.buffer);
    },
  });
}

/** Four classes, each with a probability of its own. */
export function writeSigmoidNetwork(folder: string): Promise<string> {
  return writeTinyNetwork(folder, {
    edit: (model) => {
      head(model, 4, "sigmoid");
    },
  });
}
