import { gradientOf } from "../../engine";
import { replaceFile } from "../../main/host/folder";
import { loadImage } from "../../main/host/images";
import { writeNpy } from "../../main/host/npy";
import { Fault } from "../../shared/fault";
import { unitWords, valueWord } from "../../shared/head";
import { titleTarget } from "../../shared/target";
import { needed, readMethod } from "../arguments";
import { answerFlags } from "../answers";
import type { Command } from "../command";
import { openTheBackend, openTheNetwork } from "../engine";
import { exitCodes } from "../exit";
import { sourceSlope, sourceUnit } from "../source-output";
import { readTarget, targetHelp } from "../targets";
import { sizeOfFirst } from "./score";

export const gradient: Command = {
  name: "gradient",
  synopsis: "NETWORK --image FILE --target T --method M --npy OUT",
  summary:
    "Write the gradient of a class's logit, or of its negative, under a method, with respect to x in [-1, 1].",
  positionals: { min: 1, max: 1 },
  flags: {
    image: {
      value: "FILE",
      help: "a picture, resized to the input, or .npy float32 [height, width, channels] in [-1, 1]",
    },
    target: { value: "T", help: targetHelp },
    method: {
      value: "M",
      help: "relu, leaky:S, proxygrad:P or slopes:S:P (forward, backward)",
    },
    npy: {
      value: "OUT",
      help: "where the gradient goes: float32 [height, width, channels]; of a unit's probability where the network ends in a sigmoid, else of its logit",
    },
    ...answerFlags,
  },
  async run([name = ""], values, context) {
    const file = needed("--image", values.one("image"));
    const wanted = needed("--target", values.one("target"));
    const given = needed("--method", values.one("method"));
    const out = needed("--npy", values.one("npy"));
    const method = readMethod(given);
    const size = await sizeOfFirst([file]);
    const { network, info } = await openTheNetwork(name, values, context, size);
    const target = await readTarget("--target", wanted, info);
    const { index, minimise } = target;
    const label = info.labels[index] ?? "";
    const image = await loadImage(file, network.input);
    for (const warning of image.warnings) context.warn(warning);
    const { runtime } = await openTheBackend(context);
    const result = gradientOf(
      { network, runtime, method, target },
      image.values,
    );
    if (!Number.isFinite(result.norm) || !Number.isFinite(result.score))
      throw new Fault(
        "not-finite",
        "The gradient is no finite number; nothing was written.",
        "Try a smaller slope.",
      );
    const { score } = result;
    const slope = sourceSlope(network, score);
    const of = sourceUnit(network, valueWord(info.head));
    const norm = slope * result.norm;
    await replaceFile(
      out,
      writeNpy(
        network.input,
        result.gradient.map((g) => slope * g),
      ),
    );
    context.emit({
      target: index,
      ...(minimise && { minimise }),
      label,
      method: given,
      score,
      of,
      norm,
      shape: network.input,
      npy: out,
    });
    context.print(
      `${index} ${titleTarget(label, target)}  ${given}  score ${score.toFixed(4)}  norm of the ${of}'s gradient ${norm.toPrecision(6)}  ${out}`,
    );
    if (result.norm > 0 && norm === 0)
      context.warn("The gradient is zero: the sigmoid is saturated here.");
    if (result.norm === 0)
      context.warn(
        `The gradient is exactly zero: this ${unitWords(info.head)[0]} is silent at this image.`,
      );
    return exitCodes.done;
  },
};
