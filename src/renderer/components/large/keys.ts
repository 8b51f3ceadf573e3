import type { Direction } from "./navigation";
import type { Mode } from "./viewer.svelte";

/** What a key asks the large view for. */
export type KeyCommand =
  | { readonly kind: "close" | "fit" | "natural" | "switch" }
  | { readonly kind: "zoom"; readonly direction: "in" | "out" }
  | { readonly kind: "move" | "pan"; readonly direction: Direction }
  | { readonly kind: "step"; readonly by: -1 | 1 }
  | { readonly kind: "mode"; readonly mode: Mode }
  /** Columns count from 1. */
  | { readonly kind: "column" | "compare"; readonly ordinal: number };

const modeKeys: Readonly<Record<string, Mode>> = {
  s: "side",
  w: "wipe",
  b: "blink",
  d: "difference",
};
const arrows: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

type Key = Pick<
  KeyboardEvent,
  "key" | "code" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey"
>;

/** Null: none of ours. Esc is not here, the dialog itself closes with it. */
export function keyCommand(event: Key): KeyCommand | null {
  const { key, code, shiftKey } = event;
  // Brackets need AltGr on many keyboards, which looks like Ctrl + Alt.
  if (key === "[" || key === "]")
    return { kind: "step", by: key === "[" ? -1 : 1 };
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (key === " ") return { kind: "close" };
  const direction = arrows[key];
  if (direction) return { kind: shiftKey ? "pan" : "move", direction };
  // By place and not by sign: with Shift, and on French keyboards, a digit key writes something else.
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (digit === "0") return { kind: shiftKey ? "natural" : "fit" };
  if (digit)
    return { kind: shiftKey ? "compare" : "column", ordinal: Number(digit) };
  if (key === "+" || key === "=") return { kind: "zoom", direction: "in" };
  if (key === "-" || key === "_") return { kind: "zoom", direction: "out" };
  if (key.toLowerCase() === "x") return { kind: "switch" };
  const mode = modeKeys[key.toLowerCase()];
  return mode ? { kind: "mode", mode } : null;
}
