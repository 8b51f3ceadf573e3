/** What a network sees in a picture: the look that shows whether preprocessing and names are right. */
import { scoreImages, topClasses } from "../../engine";
import type { ClassScore } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { toPicture } from "../../shared/pictures";
import type { Backend } from "./backend";
import { loadImage } from "./images";
import type { OpenedNetwork } from "./networks";

/** The five largest output values with their names, and the picture as it goes in, before the preprocessing (see pictures.ts). */
export async function checkPicture(
  { network, info }: OpenedNetwork,
  path: string,
  { runtime }: Pick<Backend, "runtime">,
): Promise<{
  reply: { top5: ClassScore[]; shape: [number, number, number] };
  bytes: Uint8Array;
}> {
  const { values: image } = await loadImage(path, network.input);
  const [logits] = scoreImages({ network, runtime, batch: 1 }, [image]);
  if (!logits?.every(Number.isFinite))
    throw new Fault(
      "not-finite",
      "The network's scores for this picture are no finite numbers.",
      "Look at the preprocessing: its standard deviation may be far too small.",
    );
  const { values } = toPicture(network.input, image);
  return {
    reply: {
      top5: topClasses(logits, info.labels, 5, info.head),
      shape: [...network.input],
    },
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}
