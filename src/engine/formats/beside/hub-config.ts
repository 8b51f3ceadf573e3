/**
 * The files of a Hugging Face hub folder: `config.json`, as timm or transformers write it, and
 * `preprocessor_config.json`. Both programs give mean and standard deviation in units of 0..1.
 */
import type { NetworkFiles } from "../format";
import { preprocessorSays } from "./preprocessor";
import type { Beside } from "./said";
import { folderOf, readObject } from "./small-files";
import { isTimm, timmSays } from "./timm";
import { isTransformers, transformersSays } from "./transformers";

const configName = "config.json";
const preprocessorName = "preprocessor_config.json";

/** What they say of the weights in the file `weights`; null where they are missing, or are other programs'. */
export async function hubSays(
  files: NetworkFiles,
  weights: string,
): Promise<Beside | null> {
  const folder = folderWith(configName, files, weights);
  if (folder === null) return null;
  const name = folder + configName;
  const config = await readObject(files, name);
  if (!config) return null;
  if (isTimm(config)) return timmSays(config, name);
  if (!isTransformers(config)) return null;
  const said = transformersSays(config, name);
  const beside = folder + preprocessorName;
  const preprocessor = await readObject(files, beside);
  return preprocessor ? preprocessorSays(preprocessor, beside, said) : said;
}

/** The folder of the weights, or the nearest above it within the network's: "onnx/model.onnx" has its config above. */
function folderWith(
  name: string,
  { names }: NetworkFiles,
  weights: string,
): string | null {
  for (
    let folder = folderOf(weights);
    ;
    folder = folderOf(folder.slice(0, -1))
  ) {
    if (names.includes(folder + name)) return folder;
    if (folder === "") return null;
  }
}
