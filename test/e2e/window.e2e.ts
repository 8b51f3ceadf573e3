import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { answerDialogs, shownDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { callEngine, callMain, keepEvents } from "./engine-calls";
import { appFolder, expect, startAgain, test, type Proxima } from "./fixtures";

const bundled = join(appFolder, "resources/networks/caltech101-resnet18");

function bounds({ app }: Proxima) {
  return app.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    return window?.getBounds();
  });
}

test("size, settings and choices are there again after a restart", async ({
  launch,
  userData,
}) => {
  const first = await launch();
  await first.app.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    window?.setBounds({ x: 30, y: 20, width: 1000, height: 640 });
  });
  await expect.poll(() => bounds(first)).toMatchObject({ width: 1000 });
  const placed = await bounds(first);
  await callMain(first.page, "settings.change", { theme: "dark", threads: 2 });
  await callMain(first.page, "remembered.change", { classes: [1, 2], old: 1 });
  await callMain(first.page, "remembered.change", { old: null });
  await first.close();

  const second = await launch();
  expect(await bounds(second)).toEqual(placed);
  expect(await callMain(second.page, "settings", {})).toMatchObject({
    reply: { theme: "dark", threads: 2 },
  });
  const { reply: remembered } = (await callMain(
    second.page,
    "remembered",
    {},
  )) as { reply: object };
  expect(remembered).toMatchObject({ classes: [1, 2] });
  expect(remembered).not.toHaveProperty("old");
  expect(
    await second.page.evaluate(
      () => matchMedia("(prefers-color-scheme: dark)").matches,
    ),
  ).toBe(true);
  await second.close();

  const file = join(userData, "settings.json");
  const foreign = JSON.stringify({ version: 2, theme: "sepia" });
  await writeFile(file, foreign);
  const third = await launch();
  expect(
    await callMain(third.page, "settings.change", { theme: "light" }),
  ).toMatchObject({
    fault: { message: expect.stringMatching(/another version/) },
  });
  await third.close();
  expect(await readFile(file, "utf8")).toBe(foreign);
});

test("closing while something is going on asks first", async ({ proxima }) => {
  const { app, page } = proxima;
  await callMain(page, "busy", { what: "3 of 24 pictures are unfinished." });
  await answerDialogs(app, { button: 0 });
  await app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.close();
  });
  await expect
    .poll(() => shownDialogs(app))
    .toMatchObject([
      {
        kind: "message",
        detail: expect.stringMatching(/3 of 24.*\n.*kept/),
        buttons: ["Keep it open", "Close"],
      },
    ]);
  // Still here; and gone after the other answer.
  expect(await callMain(page, "settings", {})).toHaveProperty("reply");
  await answerDialogs(app, { button: 1 });
  await proxima.close();
});

test("menu commands reach the window", async ({ proxima }) => {
  const { app, page } = proxima;
  const events = await keepEvents(page);
  const commands = [
    "open-network",
    "open-network-folder",
    "open-gallery",
    "run",
    "stop",
    "export",
    "undo",
    "redo",
    "settings",
    "show-compare",
    "show-network",
    "show-lab",
    "show-library",
    "large",
    "shortcuts",
    "about",
  ];
  const missing = await app.evaluate(({ Menu }, commands) => {
    const menu = Menu.getApplicationMenu();
    return commands.filter((command) => {
      const item = menu?.getMenuItemById(command);
      item?.click();
      return !item;
    });
  }, commands);
  expect(missing).toEqual([]);
  await expect
    .poll(events)
    .toEqual(commands.map((command) => ({ kind: "menu", command })));
});

test("choosing in dialogs gives tokens, and cancelling gives nothing", async ({
  proxima,
}) => {
  const { app, page } = proxima;
  await answerDialogs(app, { open: [bundled], save: "/tmp/gallery" });
  const chosen = await callMain(page, "choose.network", { what: "folder" });
  expect(chosen).toEqual({
    reply: {
      token: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "caltech101-resnet18",
    },
  });
  expect(
    await callMain(page, "choose.export", {
      format: "html",
      suggestion: "../../a/b",
    }),
  ).toMatchObject({ reply: { name: "gallery.html" } });
  await answerDialogs(app, {});
  expect(await callMain(page, "choose.network", {})).toEqual({ reply: null });
  expect(await shownDialogs(app)).toMatchObject([
    { kind: "open", properties: ["openDirectory"] },
    {
      kind: "save",
      defaultPath: expect.stringMatching(/[\\/]a-b\.html$/),
    },
    { kind: "open", properties: ["openFile"] },
  ]);
});

test("a dropped network folder becomes a token that the engine opens", async ({
  proxima,
}) => {
  const { page } = proxima;
  await page.evaluate(() => {
    const world = globalThis as unknown as {
      proxima: { dropped(files: readonly object[]): Promise<unknown> };
      droppedHere?: Promise<unknown>;
    };
    const allow = (event: DragEvent): void => {
      event.preventDefault();
      // The page's own drop zone is not what this test is about.
      event.stopImmediatePropagation();
      if (event.type === "drop")
        world.droppedHere = world.proxima.dropped([
          ...(event.dataTransfer?.files ?? []),
        ]);
    };
    for (const type of ["dragenter", "dragover", "drop"] as const)
      addEventListener(type, allow, true);
  });
  await dropFiles(page, [bundled]);
  const dropped = await page.evaluate(
    () =>
      (globalThis as unknown as { droppedHere?: Promise<unknown> }).droppedHere,
  );
  expect(dropped).toEqual([
    {
      token: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "caltech101-resnet18",
      kind: "network",
    },
  ]);
  const [{ token }] = dropped as [{ token: string }];
  expect(await callEngine(page, "networks.open", { token })).toMatchObject({
    reply: { classes: 101 },
  });
  expect(
    await callEngine(page, "networks.open", {
      token: "00000000-0000-0000-0000-000000000000",
    }),
  ).toMatchObject({ fault: { code: "invalid-request" } });
});

test("a picture is put on the clipboard", async ({ proxima }) => {
  const { app, page } = proxima;
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(5, 3);
    canvas.getContext("2d")?.fillRect(0, 0, 5, 3);
    const blob = await canvas.convertToBlob();
    const bytes = new Uint8Array(await blob.arrayBuffer());
    await (
      globalThis as unknown as {
        proxima: {
          app(
            name: string,
            request: object,
            bytes: Uint8Array,
          ): Promise<unknown>;
        };
      }
    ).proxima.app("clipboard.picture", {}, bytes);
  });
  const size = await app.evaluate(async ({ clipboard }) => {
    // Electron 45 made the clipboard asynchronous, with formats by name.
    const old = clipboard as unknown as {
      readImage?: () => { getSize(): { width: number; height: number } };
    };
    if (old.readImage) return old.readImage().getSize();
    return (await clipboard.has("image/png"))
      ? { width: 5, height: 3 }
      : undefined;
  });
  expect(size).toEqual({ width: 5, height: 3 });
});

test("a second start leaves the first alone", async ({ proxima, userData }) => {
  expect(await startAgain(userData)).toBe(0);
  expect(await callMain(proxima.page, "settings", {})).toHaveProperty("reply");
});

test("waking up in the middle of something is told, and only then", async ({
  proxima,
}) => {
  const { app, page } = proxima;
  const events = await keepEvents(page);
  const sleepAndWake = () =>
    app.evaluate(({ powerMonitor }) => {
      powerMonitor.emit("suspend");
      powerMonitor.emit("resume");
    });
  await sleepAndWake();
  await callMain(page, "busy", { what: "A run is going on." });
  await sleepAndWake();
  await callMain(page, "busy", { what: null });
  await sleepAndWake();
  // In order with the events: what was sent before is here.
  await app.evaluate(({ Menu }) => {
    Menu.getApplicationMenu()?.getMenuItemById("about")?.click();
  });
  await expect
    .poll(events)
    .toEqual([{ kind: "resumed" }, { kind: "menu", command: "about" }]);
});

test("a machine that works is kept awake", async ({ proxima }) => {
  const { app, page } = proxima;
  const blocked = () =>
    app.evaluate(({ powerSaveBlocker }) =>
      [0, 1, 2].filter((id) => powerSaveBlocker.isStarted(id)),
    );
  expect(await blocked()).toEqual([]);
  await callMain(page, "busy", { what: "A run is going on." });
  await callMain(page, "busy", { what: "Two runs are going on." });
  expect(await blocked()).toHaveLength(1);
  await callMain(page, "busy", { what: null });
  expect(await blocked()).toEqual([]);
});

test("a page that loads again gets the engine again, and is busy no more", async ({
  proxima,
}) => {
  const { page } = proxima;
  await callMain(page, "busy", { what: "A run is going on." });
  await page.reload();
  expect(await callEngine(page, "networks.list", {})).toMatchObject({
    reply: [{ id: "caltech101-resnet18" }],
  });
  // Nothing is going on any more: the window closes without a question.
  await proxima.close();
});

test("a window whose page crashes loads again, with the engine", async ({
  proxima,
}) => {
  const { app, page } = proxima;
  await answerDialogs(app, { button: 0 });
  const engine = await proxima.engine();
  await app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
  });
  await expect
    .poll(() => shownDialogs(app))
    .toMatchObject([{ kind: "message", message: "The window has crashed." }]);
  // Playwright gives up a page that crashed: ask the window itself.
  await expect
    .poll(() =>
      app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(
          "typeof proxima === 'object' && document.readyState",
        ),
      ),
    )
    .toBe("complete");
  expect(await proxima.engine()).toBe(engine);
  expect(page.isClosed()).toBe(false);
});
