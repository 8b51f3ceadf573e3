import { classCount, scoreImages, topClasses } from "../../engine";
import { replaceFile } from "../../main/host/folder";
import { isNpy, loadImage, loadNpyImage } from "../../main/host/images";
import { writeNpy } from "../../main/host/npy";
import type { ClassScore, Head } from "../../shared/domain";
import { valueWord } from "../../shared/head";
import { readNumber } from "../arguments";
import { answerFlags } from "../answers";
import type { Command } from "../command";
import { openTheBackend, openTheNetwork } from "../engine";
import { exitCodes, usage } from "../exit";
import { ProgressLine } from "../progress-line";
import { sourceOutputs } from "../source-output";

/** Images in memory at a time. */
const chunk = 32;

export const score: Command = {
  name: "score",
  synopsis: "NETWORK --image FILE... [--top 5] [--npy OUT]",
  summary:
    "Score pictures: the classes, or largest outputs, of the original network.",
  positionals: { min: 1, max: 1 },
  flags: {
    image: {
      value: "FILE",
      many: true,
      help: "pictures, resized to the input, or .npy float32 [height, width, channels] in [-1, 1]",
    },
    top: { value: "5", help: "how many to print, the largest first" },
    npy: {
      value: "OUT",
      help: "write all outputs there: float32 [images, outputs]; logits of a softmax, probabilities of a last sigmoid",
    },
    ...answerFlags,
  },
  async run([name = ""], values, context) {
    const images = values.all("image");
    if (images.length === 0) throw usage("--image is missing.");
    const top = readNumber(
      "--top",
      values.one("top"),
      { min: 1, max: 1_000_000, whole: true },
      5,
    );
    const out = values.one("npy");
    const { network, info } = await openTheNetwork(
      name,
      values,
      context,
      await sizeOfFirst(images),
    );
    const { runtime } = await openTheBackend(context);
    const classes = classCount(network);
    const { labels, head } = info;
    const all = new Float32Array(
      out === undefined ? 0 : images.length * classes,
    );
    const progress = new ProgressLine(context.stderr, "score");
    for (let first = 0; first < images.length; first += chunk) {
      context.signal.throwIfAborted();
      const files = images.slice(first, first + chunk);
      const loaded: Float32Array[] = [];
      for (const file of files) {
        const { values: x, warnings } = await loadImage(file, network.input);
        for (const warning of warnings) context.warn(warning);
        loaded.push(x);
      }
      const scored = scoreImages({ network, runtime }, loaded);
      progress.clear();
      for (const [i, logits] of scored.entries()) {
        if (out !== undefined)
          all.set(sourceOutputs(network, logits), (first + i) * classes);
        const best = topClasses(logits, labels, top, head);
        context.emit({ image: files[i], head, top: best });
        context.print(files[i] ?? "");
        for (const entry of best)
          context.print(describe(entry, head, logits.length));
      }
      if (images.length > chunk)
        progress.show(first + files.length, images.length);
    }
    progress.clear();
    if (out !== undefined)
      await replaceFile(out, writeNpy([images.length, classes], all));
    return exitCodes.done;
  },
};

/** "    5  lion  logit 3.250  97.10 %"; of a single sigmoid also what is left for its negative. */
function describe(
  { index, label, logit, probability }: ClassScore,
  head: Head,
  units: number,
): string {
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const opposite =
    probability !== null && head === "sigmoid" && units === 1
      ? `, not: ${percent(1 - probability)}`
      : "";
  return [
    `  ${String(index).padStart(5)}`,
    label,
    `${valueWord(head)} ${logit.toFixed(3)}`,
    ...(probability === null ? [] : [`${percent(probability)}${opposite}`]),
  ].join("  ");
}

/** Height and width of the first array: the input of a network that fixes none. */
export async function sizeOfFirst(
  images: readonly string[],
): Promise<readonly [number, number] | null> {
  const array = images.find(isNpy);
  if (array === undefined) return null;
  const { shape } = await loadNpyImage(array);
  return [shape[0], shape[1]];
}
