import type { MenuCommand } from "../../shared/contract";

/** What a key asks the window for. */
export type WindowKey =
  | {
      readonly kind: "command";
      readonly command: MenuCommand;
    }
  | { readonly kind: "escape" }
  | { readonly kind: "large" }
  | { readonly kind: "scrub"; readonly by: -1 | 1 }
  | { readonly kind: "column"; readonly place: number };

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/**
 * What a key means to the window; `typing` is true in a text field, which keeps its letters. `history`: the field takes
 * back its own letters too.
 */
export function windowKey(
  event: KeyPress,
  typing: boolean,
  history = typing,
): WindowKey | null {
  // Brackets need AltGr on many keyboards, which looks like Ctrl + Alt.
  if (!typing && event.key === "[") return { kind: "scrub", by: -1 };
  if (!typing && event.key === "]") return { kind: "scrub", by: 1 };
  const modifier = event.ctrlKey || event.metaKey;
  if (modifier && event.shiftKey && event.key.toLowerCase() === "o")
    return { kind: "command", command: "open-gallery" };
  if (modifier && event.shiftKey && event.key.toLowerCase() === "z")
    return history ? null : { kind: "command", command: "redo" };
  if (modifier && !event.altKey && !event.shiftKey) {
    const workspace = workspaceCommands[Number(event.key) - 1];
    if (workspace) return { kind: "command", command: workspace };
    switch (event.key.toLowerCase()) {
      case "enter":
        return { kind: "command", command: "run" };
      case "e":
        return { kind: "command", command: "export" };
      case "o":
        return { kind: "command", command: "open-network" };
      case "z":
        return history ? null : { kind: "command", command: "undo" };
      case "y":
        return history ? null : { kind: "command", command: "redo" };
      case ",":
        return { kind: "command", command: "settings" };
      case "/":
        return { kind: "command", command: "shortcuts" };
    }
    return null;
  }
  if (event.key === "Escape") return { kind: "escape" };
  if (event.key === "F1") return { kind: "command", command: "shortcuts" };
  if (typing || modifier || event.altKey) return null;
  if (event.key === " ") return { kind: "large" };
  if (/^[1-9]$/.test(event.key))
    return { kind: "column", place: Number(event.key) - 1 };
  if (event.key === "?") return { kind: "command", command: "shortcuts" };
  return null;
}

/** In the order of the rail; the menu has them with the same keys. */
export const workspaceCommands = [
  "show-compare",
  "show-network",
  "show-lab",
  "show-library",
] as const satisfies readonly MenuCommand[];

/** How a shortcut is written on this machine: Ctrl E, ⌘E. */
export function keyName(mac: boolean, key: string): string {
  return mac ? `⌘${key}` : `Ctrl ${key}`;
}

/** Whether letters belong to a text field. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement &&
      !["range", "checkbox", "radio", "button"].includes(target.type)) ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}

/**
 * Whether a text field takes back its own letters. A field that shows a setting, and in which nothing is being typed,
 * leaves that to the window: there it takes back the setting.
 */
export function hasHistory(target: EventTarget | null): boolean {
  return (
    isTyping(target) &&
    !(target instanceof HTMLElement && target.dataset["history"] === "window")
  );
}

/** Takes back, or puts back, letters in the text field that has the focus; false where there is none. */
export function takeBackTyping(what: "undo" | "redo"): boolean {
  if (!hasHistory(document.activeElement)) return false;
  // Out of fashion, but the one way to a field's own history.
  return document.execCommand(what);
}

/** Whether the space bar means something to what has the focus. */
export function takesSpace(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("button, input, select, a, [role=listbox]") !== null
  );
}
