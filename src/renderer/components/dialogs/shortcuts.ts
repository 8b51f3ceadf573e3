import { keyName } from "../../lib/keys";

export interface Shortcut {
  /** Keys pressed together are one string; either of several does it. */
  readonly keys: readonly string[];
  readonly text: string;
}
export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

/** Every key of the app, as the keyboard of this machine names it. */
export function shortcutGroups(mac: boolean): readonly ShortcutGroup[] {
  const command = (key: string) => keyName(mac, key);
  return [
    {
      title: "Everywhere",
      shortcuts: [
        { keys: [command("↵")], text: "Run what is picked" },
        { keys: ["Esc"], text: "Stop the run, or close what is open" },
        { keys: [command("O")], text: "Open a network" },
        { keys: [command("Shift O")], text: "Open a gallery" },
        { keys: [command("E")], text: "Export" },
        { keys: [command("Z")], text: "Undo" },
        { keys: [command("Shift Z"), command("Y")], text: "Redo" },
        {
          keys: [command("1 … 4")],
          text: "Compare, Network, Lab, Library",
        },
        { keys: [command(",")], text: "Settings" },
        { keys: ["?", "F1"], text: "This list" },
      ],
    },
    {
      title: "Compare",
      shortcuts: [
        { keys: ["←", "→", "↑", "↓"], text: "Move between tiles" },
        { keys: ["Shift ←", "Shift →"], text: "Choose the tiles in between" },
        { keys: [command("A")], text: "Choose every tile" },
        { keys: ["1", "2", "3"], text: "Go to that method" },
        { keys: ["[", "]"], text: "Previous or next kept step" },
        { keys: ["Space", "↵"], text: "Open the tile large" },
        { keys: ["−"], text: "Minimise the picked row instead, or back" },
        { keys: ["±"], text: "Add the picked row the other way round" },
      ],
    },
    {
      title: "Large view",
      shortcuts: [
        { keys: ["←", "→", "↑", "↓"], text: "Other tiles" },
        { keys: ["1", "2", "3"], text: "That method alone" },
        {
          keys: ["Shift 1 … 3"],
          text: "Compare with that method",
        },
        { keys: ["S"], text: "Side by side" },
        { keys: ["W"], text: "Wipe" },
        { keys: ["B"], text: "Blink, hold" },
        { keys: ["X"], text: "Show the other picture of a blink" },
        { keys: ["D"], text: "Difference" },
        { keys: ["+", "−"], text: "Zoom" },
        { keys: ["0"], text: "Fit the window" },
        { keys: ["Shift 0"], text: "One picture pixel a screen pixel" },
        { keys: ["Shift ←", "Shift →"], text: "Pan" },
        { keys: ["[", "]"], text: "Previous or next kept step" },
        { keys: ["Space", "Esc"], text: "Close" },
      ],
    },
  ];
}
