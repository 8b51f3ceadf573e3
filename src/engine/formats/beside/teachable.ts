/**
 * Teachable Machine's exports. For TensorFlow.js: model.json with metadata.json. For Keras: keras_model.h5 with
 * labels.txt, which has a line "NUMBER NAME" for each class. Its library and its sample code feed both with pixels
 * p / 127.5 - 1.
 */
import { presetFor } from "../../../shared/presets";
import type { NetworkFiles } from "../format";
import { isCount } from "../json";
import { listedLabels, numberedLines } from "./labels";
import type { Beside, BesidePreprocessing } from "./said";
import { folderOf, readObject, readText } from "./small-files";

/** What metadata.json says beside a model.json; `model`: the topology's name. */
export async function metadataSays(
  files: NetworkFiles,
  model: string,
): Promise<Beside | null> {
  const name = `${folderOf(model)}metadata.json`;
  const content = await readObject(files, name);
  const labels = listedLabels(content?.["labels"]);
  if (!content || !labels || !("tmVersion" in content)) return null;
  const { packageName, imageSize } = content;
  // exports of sounds and poses have labels too, and no pictures
  const pictures =
    packageName === undefined || packageName === "@teachablemachine/image";
  if (!pictures) return null;
  const size = isCount(imageSize) && imageSize > 0 ? imageSize : null;
  return {
    ...nothing(name),
    labels,
    classes: labels.length,
    size: size === null ? null : [size, size],
    preprocessing: signed(
      "file",
      `"${name}" is Teachable Machine's, whose library feeds its networks with pixels from -1 to 1.`,
    ),
  };
}

/** What labels.txt says beside a Keras file. */
export async function labelsTxtSays(
  files: NetworkFiles,
  model: string,
): Promise<Beside | null> {
  const name = `${folderOf(model)}labels.txt`;
  const text = await readText(files, name);
  const labels = text === null ? null : numberedLines(text);
  if (!labels) return null;
  return {
    ...nothing(name),
    labels,
    classes: labels.length,
    preprocessing: signed(
      "guess",
      `"${name}" numbers its classes as Teachable Machine does: pixels from -1 to 1 are assumed.`,
    ),
  };
}

function nothing(source: string): Beside {
  return {
    sources: [source],
    architecture: null,
    assume: {},
    refusal: null,
    classes: null,
    labels: null,
    size: null,
    preprocessing: null,
    warnings: [],
  };
}

function signed(
  from: BesidePreprocessing["from"],
  because: string,
): BesidePreprocessing {
  return {
    from,
    because,
    forChannels: (channels) => presetFor("signed", channels),
  };
}
