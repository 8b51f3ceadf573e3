import { expect, it } from "vitest";
import type { MenuItemConstructorOptions } from "electron";
import { menuTemplate, type MenuOptions } from "../../src/main/menu-template";
import { menuCommandSchema, type MenuCommand } from "../../src/shared/contract";

function flat(
  items: MenuItemConstructorOptions[],
): MenuItemConstructorOptions[] {
  return items.flatMap((item) => [
    item,
    ...(Array.isArray(item.submenu) ? flat(item.submenu) : []),
  ]);
}

function make(options: Partial<MenuOptions> = {}) {
  const sent: MenuCommand[] = [];
  const themes: string[] = [];
  const recent: string[] = [];
  const items = flat(
    menuTemplate({
      theme: "dark",
      developer: false,
      mac: false,
      send: (command) => sent.push(command),
      setTheme: (theme) => themes.push(theme),
      recent: [],
      openRecent: (network) => recent.push(network),
      openLog: () => undefined,
      ...options,
    }),
  );
  // Items are clicked here without Electron, whose arguments ours do not read.
  const click = (id: string): void => {
    const item = items.find((candidate) => candidate.id === id);
    (item?.click as (() => void) | undefined)?.();
  };
  return { items, sent, themes, recent, click };
}

it("holds every command of the contract, each once", () => {
  const { items, sent, click } = make();
  const commands = menuCommandSchema.options;
  for (const command of commands) click(command);
  expect(sent).toEqual(commands);
  const ids = items.map(({ id }) => id).filter((id) => id !== undefined);
  expect(new Set(ids).size).toBe(ids.length);
});

it("shows keys, each once, and leaves them to the window", () => {
  const { items } = make();
  const withKeys = items.filter((item) => item.accelerator !== undefined);
  expect(
    Object.fromEntries(withKeys.map((item) => [item.id, item.accelerator])),
  ).toEqual({
    "open-network": "CmdOrCtrl+O",
    "open-gallery": "CmdOrCtrl+Shift+O",
    export: "CmdOrCtrl+E",
    settings: "CmdOrCtrl+,",
    undo: "CmdOrCtrl+Z",
    redo: "CmdOrCtrl+Shift+Z",
    run: "CmdOrCtrl+Enter",
    stop: "Esc",
    "show-compare": "CmdOrCtrl+1",
    "show-network": "CmdOrCtrl+2",
    "show-lab": "CmdOrCtrl+3",
    "show-library": "CmdOrCtrl+4",
    large: "Space",
    shortcuts: "F1",
  });
  expect(withKeys.every((item) => item.registerAccelerator === false)).toBe(
    true,
  );
});

it("marks the theme that is set and sets the one chosen", () => {
  const { items, themes, click } = make({ theme: "light" });
  const checked = items.filter((item) => item.checked).map(({ id }) => id);
  expect(checked).toEqual(["theme-light"]);
  click("theme-dark");
  expect(themes).toEqual(["dark"]);
});

it("offers developer tools only to developers", () => {
  const has = (developer: boolean): boolean =>
    make({ developer }).items.some(({ role }) => role === "toggleDevTools");
  expect([has(false), has(true)]).toEqual([false, true]);
});

it("lists the networks opened lately, and opens the one chosen", () => {
  const { items, recent, click } = make({
    recent: [
      { network: "a-0123456789ab", name: "A & B.onnx" },
      { network: "c-0123456789ab", name: "c" },
    ],
  });
  const menu = items.find(({ label }) => label === "Open Recent");
  expect(menu?.enabled).toBe(true);
  expect(
    items
      .filter(({ id }) => id?.startsWith("recent-"))
      .map(({ label }) => label),
  ).toEqual(["A && B.onnx", "c"]);
  click("recent-c-0123456789ab");
  expect(recent).toEqual(["c-0123456789ab"]);
  const none = make().items.find(({ label }) => label === "Open Recent");
  expect(none?.enabled).toBe(false);
});
