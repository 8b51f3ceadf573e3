import type { MenuItemConstructorOptions } from "electron";
import type { MenuCommand, Settings } from "../shared/contract";

export interface MenuOptions {
  readonly theme: Settings["theme"];
  /** Whether to offer the developer tools. */
  readonly developer: boolean;
  readonly mac: boolean;
  /** Networks opened lately, the latest first. */
  readonly recent: readonly {
    readonly network: string;
    readonly name: string;
  }[];
  send(command: MenuCommand): void;
  openRecent(network: string): void;
  setTheme(theme: Settings["theme"]): void;
  openLog(): void;
}

const themes = [
  ["system", "As the system"],
  ["dark", "Dark"],
  ["light", "Light"],
] as const;

/** The menu of the window; its commands go to the window, which knows what they mean there. */
export function menuTemplate(
  options: MenuOptions,
): MenuItemConstructorOptions[] {
  /** Keys are shown here and handled in the window, which knows what has the focus and what lies over it. */
  const command = (
    label: string,
    name: MenuCommand,
    accelerator?: string,
  ): MenuItemConstructorOptions => ({
    id: name,
    label,
    ...(accelerator === undefined
      ? {}
      : { accelerator, registerAccelerator: false }),
    click: () => {
      options.send(name);
    },
  });
  const separator: MenuItemConstructorOptions = { type: "separator" };
  return [
    ...(options.mac ? [{ role: "appMenu" } as const] : []),
    {
      label: "&File",
      submenu: [
        command("Open Network…", "open-network", "CmdOrCtrl+O"),
        command("Open Network Folder…", "open-network-folder"),
        {
          label: "Open Recent",
          enabled: options.recent.length > 0,
          submenu: options.recent.map(({ network, name }) => ({
            id: `recent-${network}`,
            // an ampersand would underline what follows
            label: name.replaceAll("&", "&&"),
            click: () => {
              options.openRecent(network);
            },
          })),
        },
        command("Open Gallery…", "open-gallery", "CmdOrCtrl+Shift+O"),
        separator,
        command("Export…", "export", "CmdOrCtrl+E"),
        separator,
        command("Settings…", "settings", "CmdOrCtrl+,"),
        separator,
        { role: options.mac ? "close" : "quit" },
      ],
    },
    {
      label: "&Edit",
      submenu: [
        command("Undo", "undo", "CmdOrCtrl+Z"),
        command("Redo", "redo", "CmdOrCtrl+Shift+Z"),
        separator,
        { role: "cut" },
        { role: "copy" },
        { role: "paste" },
        { role: "selectAll" },
      ],
    },
    {
      label: "&Run",
      submenu: [
        command("Run", "run", "CmdOrCtrl+Enter"),
        command("Stop", "stop", "Esc"),
      ],
    },
    {
      label: "&View",
      submenu: [
        command("Compare", "show-compare", "CmdOrCtrl+1"),
        command("Network", "show-network", "CmdOrCtrl+2"),
        command("Lab", "show-lab", "CmdOrCtrl+3"),
        command("Library", "show-library", "CmdOrCtrl+4"),
        separator,
        command("Large View", "large", "Space"),
        separator,
        {
          label: "Theme",
          submenu: themes.map(([theme, label]) => ({
            id: `theme-${theme}`,
            label,
            type: "radio",
            checked: options.theme === theme,
            click: () => {
              options.setTheme(theme);
            },
          })),
        },
        separator,
        { role: "zoomIn" },
        { role: "zoomOut" },
        { role: "resetZoom" },
        separator,
        { role: "togglefullscreen" },
        ...(options.developer ? [{ role: "toggleDevTools" } as const] : []),
      ],
    },
    {
      label: "&Help",
      submenu: [
        command("Keyboard Shortcuts", "shortcuts", "F1"),
        {
          id: "open-log",
          label: "Open Log",
          click: () => {
            options.openLog();
          },
        },
        separator,
        command("About Proxima", "about"),
      ],
    },
  ];
}
