/** What an operation is called with: values by their names, wherever the file has them. */
import type { Arguments } from "../../arguments";
import { numbersIn } from "../config";
import { damaged, refused, type LayerContext, type LayerKind } from "./context";

/** `parameters`: beside x, the value it works on. */
export function operation(
  parameters: Arguments,
  build: LayerKind["build"],
): LayerKind {
  return { settings: {}, parameters: { x: "read", ...parameters }, build };
}

/** A value it is called with, or of its settings; null where there is none. */
export function valueOf(
  { named, config, name }: LayerContext,
  key: string,
): unknown {
  const argument = named.get(key);
  if (!argument) return config.raw(key);
  if (argument.kind !== "value")
    throw refused(
      { name },
      `takes its ${key} from other layers`,
      "Supported are numbers that are written into the network.",
    );
  return argument.value ?? null;
}

/** One number; `usual` where there is none. */
export function numberOf(
  context: LayerContext,
  key: string,
  usual: number,
): number {
  return optionalNumberOf(context, key) ?? usual;
}

export function optionalNumberOf(
  context: LayerContext,
  key: string,
): number | null {
  const value = valueOf(context, key);
  if (value === null) return null;
  const [number, ...others] = numbersIn(value) ?? [];
  if (number === undefined || others.length > 0) throw wrong(context, key);
  return number;
}

export function flagOf(
  context: LayerContext,
  key: string,
  usual: boolean,
): boolean {
  const value = valueOf(context, key) ?? usual;
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  throw wrong(context, key);
}

/** Whole numbers, one alone too; null entries stay. */
export function listOf(context: LayerContext, key: string): (number | null)[] {
  const value = valueOf(context, key);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (item === null || Number.isSafeInteger(item))
      return item as number | null;
    throw wrong(context, key);
  });
}

function wrong(context: LayerContext, key: string) {
  const value = JSON.stringify(valueOf(context, key))?.slice(0, 100);
  return damaged(`The layer "${context.name}" has the ${key} ${value}.`);
}
