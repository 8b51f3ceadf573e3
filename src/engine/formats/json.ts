/** JSON of a stranger: size and depth are capped, shapes are checked before they are believed. */
import { Fault } from "../../shared/fault";

export type Json = Readonly<Record<string, unknown>>;

/** Of a topology; those of thousands of layers stay far below. */
export const mostJsonBytes = 64 * 2 ** 20;

/** Parses the bytes of a JSON file; throws a Fault `damaged-file` that names it. */
export function parseJson(bytes: Uint8Array, name: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Fault(
      "damaged-file",
      `"${name}" is not readable as JSON.`,
      "Export the network again.",
      { cause: error },
    );
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A whole number from 0 on that arithmetic keeps exact. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
