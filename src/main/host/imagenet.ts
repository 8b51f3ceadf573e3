/** The names of ImageNet's 1,000 classes, which come with Proxima. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { labelsSchema } from "../../shared/card";
import { Fault } from "../../shared/fault";
import { parseJson } from "../../shared/json";

const read = new Map<string, readonly string[]>();

/** Index by index; the file lies beside the folder of the networks that come with Proxima. */
export function imagenetNames(bundledFolder: string): readonly string[] {
  const known = read.get(bundledFolder);
  if (known) return known;
  const path = join(dirname(bundledFolder), "labels", "imagenet.json");
  const names = namesIn(path);
  read.set(bundledFolder, names);
  return names;
}

function namesIn(path: string): readonly string[] {
  try {
    return labelsSchema
      .parse(parseJson(readFileSync(path, "utf8")))
      .map((entry) => (typeof entry === "string" ? entry : entry.label));
  } catch (error) {
    throw new Fault(
      "internal",
      "The names of ImageNet's classes, which come with Proxima, cannot be read.",
      "Install Proxima again.",
      { cause: error },
    );
  }
}
