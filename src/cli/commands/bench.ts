import { benchStep } from "../../engine";
import { checkBatch } from "../../main/host/memory";
import { limits, precisionSchema } from "../../shared/domain";
import { readChoice, readMethod, readNumber } from "../arguments";
import { answerFlags } from "../answers";
import type { Command } from "../command";
import { openTheBackend, openTheNetwork } from "../engine";
import { exitCodes, usage } from "../exit";

export const bench: Command = {
  name: "bench",
  synopsis: "NETWORK [--method M --batch 8 --steps 40 --precision P]",
  summary:
    "Time the bare step: milliseconds an image, median, without compiling.",
  positionals: { min: 1, max: 1 },
  deaf: true,
  flags: {
    method: {
      value: "M",
      help: "relu, leaky:S, proxygrad:P or slopes:S:P (proxygrad:0.1)",
    },
    batch: { value: "8", help: "images in one call" },
    steps: { value: "40", help: "steps that are timed" },
    precision: { value: "P", help: "float32 or bfloat16" },
    ...answerFlags,
  },
  async run([name = ""], values, context) {
    const whole = { min: 1, whole: true };
    const method = readMethod(values.one("method") ?? "proxygrad:0.1");
    const batch = readNumber(
      "--batch",
      values.one("batch"),
      { ...whole, max: limits.batch },
      8,
    );
    const steps = readNumber(
      "--steps",
      values.one("steps"),
      { ...whole, max: limits.steps },
      40,
    );
    const precision = readChoice(
      "--precision",
      values.one("precision") ?? "float32",
      precisionSchema.options,
    );
    const { network } = await openTheNetwork(name, values, context);
    checkBatch(network, batch);
    const { runtime, status } = await openTheBackend(context);
    if (!status.precisions.includes(precision))
      throw usage(
        `${precision} is not available on ${status.title}.`,
        `Use ${status.precisions.join(" or ")}.`,
      );
    const { msPerImageStep } = benchStep({
      network,
      runtime,
      method,
      batch,
      steps,
      precision,
    });
    const result = { msPerImageStep, batch, backend: status.title, precision };
    context.emit(result);
    // a measurement is for scripts: the same line with and without --json
    context.print(JSON.stringify(result));
    return exitCodes.done;
  },
};
