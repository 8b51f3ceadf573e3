/** model.json, which TF.js layers and graph models share. */
import { Fault } from "../../shared/fault";
import type { NetworkFiles, ReadOptions } from "./format";
import { isObject, mostJsonBytes, parseJson, type Json } from "./json";

/**
 * The topology's file: model.json of a folder, also where one of its shards was chosen, or other JSON that was chosen
 * or comes first; null where another file was chosen.
 */
export function modelNameOf({ chosen, names }: NetworkFiles): string | null {
  const isModel = (name: string | undefined) =>
    name?.endsWith(".json") && !["card.json", "labels.json"].includes(name);
  if (chosen !== null && isModel(chosen)) return chosen;
  if (chosen !== null && !/\.(json|bin)$/.test(chosen)) return null;
  if (names.includes("model.json")) return "model.json";
  const [first = null] = names;
  return chosen === null && isModel(first ?? undefined) ? first : null;
}

/** The model these files hold, to see what it is; null where there is none. Throws a Fault `damaged-file` as {@link readModel}. */
export async function findModel(files: NetworkFiles): Promise<Json | null> {
  const name = modelNameOf(files);
  if (name === null) return null;
  const model = parseJson(await files.read(name, mostJsonBytes), name);
  return isObject(model) ? model : null;
}

/** The model with its file's name. Throws a Fault `damaged-file` where the file is missing, no JSON, or no object. */
export async function readModel(
  files: NetworkFiles,
  options: ReadOptions,
): Promise<{ name: string; model: Json }> {
  const name = modelNameOf(files) ?? "model.json";
  options.progress("Reading the topology", 0, 0);
  const model = parseJson(await files.read(name, mostJsonBytes), name);
  if (!isObject(model))
    throw new Fault("damaged-file", `"${name}" is not a model.`);
  return { name, model };
}
