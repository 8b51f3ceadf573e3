/** Electron main: the window, dialogs, settings, and the engine's life. Computes nothing. */
import { stat } from "node:fs/promises";
import { basename, isAbsolute } from "node:path";
import {
  app,
  type BrowserWindow,
  Menu,
  MessageChannelMain,
  nativeTheme,
  session,
  shell,
  type WebContents,
} from "electron";
import { z } from "zod";
import type { DroppedFile } from "../shared/bridge";
import { channels } from "../shared/channels";
import type { AppEvent, Settings } from "../shared/contract";
import { answerApp } from "./answer-app";
import { appCommands } from "./app-commands";
import { registerAssetScheme, serveAssets } from "./asset-protocol";
import { rendererOrigin } from "./assets";
import { Busy } from "./busy";
import { tell } from "./dialogs";
import { kindOfDropped } from "./dropped";
import { Engine, type EngineConfiguration } from "./engine";
import { hostEnvironment } from "./host-environment";
import { handleTrusted, type Trust } from "./ipc";
import { Log } from "./log";
import { menuTemplate } from "./menu-template";
import { pathsToOpen } from "./paths-to-open";
import { findPlaces } from "./places";
import { Preferences } from "./preferences";
import { RecentNetworks } from "./recent-networks";
import { denyPermissions } from "./security";
import { writesDone } from "./stored-file";
import { openWindow } from "./window";

const connectionNameSchema = z.string().min(1).max(100).optional();
const droppedPathsSchema = z.array(z.string().max(4096)).max(100);
const handedOverSchema = z.strictObject({ paths: droppedPathsSchema });

function main(): void {
  app.setName("Proxima");
  const ownData = process.env["PROXIMA_USER_DATA"];
  if (ownData) app.setPath("userData", ownData);
  const asked = pathsToOpen({
    argv: process.argv,
    // npm runs the app in the project's folder, wherever it was called
    cwd: process.env["INIT_CWD"] ?? process.cwd(),
    appPath: app.getAppPath(),
  });
  // what a second start was asked for, it hands to the first one
  if (!app.requestSingleInstanceLock({ paths: asked })) {
    app.quit();
    return;
  }
  registerAssetScheme();

  const places = findPlaces({
    builtMain: __dirname,
    userData: app.getPath("userData"),
    packagedResources: app.isPackaged ? process.resourcesPath : undefined,
    env: process.env,
  });
  const log = new Log(places.log);
  const preferences = new Preferences(places.settings, places.remembered);
  const recent = new RecentNetworks(places.recentNetworks);
  const busy = new Busy();
  const developmentUrl = app.isPackaged
    ? undefined
    : process.env["ELECTRON_RENDERER_URL"];
  const url = developmentUrl ?? `${rendererOrigin}/`;
  let window: BrowserWindow | undefined;
  /** The page has asked for the engine: it wants every new port. */
  let connected: WebContents | undefined;
  /** Paths that wait for the page. */
  const waiting = [...asked];

  const send = (event: AppEvent): void => {
    window?.webContents.send(channels.event, event);
  };
  const configuration = (settings: Settings): EngineConfiguration => ({
    libraryFolder: settings.libraryFolder ?? places.library,
    makeLibrary: settings.libraryFolder === null,
    bundledFolder: places.bundledNetworks,
    dataFolder: places.data,
    threads: settings.threads,
    memoryLimit: settings.memoryLimit,
  });
  const engine = new Engine({
    command: () => ({
      node: places.node,
      script: places.hostScript,
      env: hostEnvironment(process.env, preferences.settings),
    }),
    configuration: () => configuration(preferences.settings),
    log,
    onGone: (story) => {
      send({ kind: "engine-gone", ...story });
    },
    onRestarted: () => {
      if (connected && !connected.isDestroyed()) connectEngine(connected);
    },
    onRefused: ({ message, remedy }) => {
      if (window) void tell(window, message, remedy);
    },
  });
  process.on("uncaughtExceptionMonitor", (error, origin) => {
    log.line(`main: ${origin}: ${error.stack ?? error.message}`);
  });
  process.on("unhandledRejection", fail);
  // Before the window: by the time its page has loaded, the engine is there.
  engine.start();

  function connectEngine(contents: WebContents, name?: string): void {
    const { port1, port2 } = new MessageChannelMain();
    engine.connect(port1);
    contents.postMessage(channels.enginePort, name, [port2]);
  }

  function applySettings({ theme }: Settings): void {
    nativeTheme.themeSource = theme;
    const menu = menuTemplate({
      theme,
      recent: recent.list,
      openRecent: (network) => {
        send({ kind: "open-recent", network });
      },
      developer: !app.isPackaged,
      mac: process.platform === "darwin",
      send: (command) => {
        send({ kind: "menu", command });
      },
      setTheme: (chosen) => {
        preferences.changeSettings({ theme: chosen }).then(applySettings, fail);
      },
      openLog: () => {
        log.line("log opened");
        void shell.openPath(log.path);
      },
    });
    Menu.setApplicationMenu(Menu.buildFromTemplate(menu));
  }

  /** For what no command of the window waits for. */
  function fail(error: unknown): void {
    log.line(`main: ${String(error)}`);
    if (window && error instanceof Error) void tell(window, error.message);
  }

  function listen(): void {
    const trust: Trust = {
      isOurs: (contents) => contents === window?.webContents,
      origin:
        new URL(url).protocol === "http:"
          ? new URL(url).origin
          : rendererOrigin,
    };
    const handlers = appCommands({
      engine,
      preferences,
      recent,
      busy,
      log,
      window: () => {
        if (!window) throw new Error("There is no window.");
        return window;
      },
      configuration,
      applySettings,
      recentChanged: () => {
        applySettings(preferences.settings);
      },
    });
    handleTrusted(channels.app, trust, (_contents, ...call) =>
      answerApp(handlers, call, (error) => {
        log.line(
          `main: ${error instanceof Error ? error.stack : String(error)}`,
        );
      }),
    );
    handleTrusted(channels.connectEngine, trust, (contents, name) => {
      const parsed = connectionNameSchema.parse(name);
      if (parsed === undefined) connected = contents;
      connectEngine(contents, parsed);
      // by then the page listens to events
      if (parsed === undefined) openPaths(waiting.splice(0)).catch(fail);
      return Promise.resolve();
    });
    handleTrusted(channels.dropped, trust, (_contents, paths) =>
      grantDropped(droppedPathsSchema.parse(paths)),
    );
  }

  async function grantDropped(paths: string[]): Promise<DroppedFile[]> {
    const files: DroppedFile[] = [];
    for (const path of paths) {
      const there = isAbsolute(path) && (await stat(path).catch(() => null));
      if (!there) continue;
      files.push({
        token: await engine.grant(path, "read"),
        name: basename(path),
        kind: await kindOfDropped(path),
      });
    }
    return files;
  }

  /** Lets the window open what the command line or the system names. */
  async function openPaths(paths: string[]): Promise<void> {
    for (const path of paths) {
      const [file] = await grantDropped([path]);
      if (file)
        send({
          kind: "open",
          token: file.token,
          name: file.name,
          what: file.kind,
        });
      else if (window) await tell(window, `There is nothing at ${path}.`);
    }
  }

  function open(): void {
    denyPermissions(session.defaultSession);
    serveAssets(places.renderer);
    applySettings(preferences.settings);
    listen();
    busy.onResume(() => {
      send({ kind: "resumed" });
    });
    const opened = openWindow({ places, busy, log, url });
    window = opened;
    opened.on("closed", () => {
      window = undefined;
    });
    const problems = [...preferences.problems, recent.problem ?? []]
      .flat()
      .join("\n");
    if (problems !== "")
      opened.once("show", () => {
        void tell(opened, "Some settings could not be read.", problems);
      });
  }

  app.on("second-instance", (_event, _argv, _cwd, handedOver) => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
    const found = handedOverSchema.safeParse(handedOver);
    if (found.success) openSoon(found.data.paths);
  });
  // macOS: a file dropped on the app's icon, or opened with it
  app.on("open-file", (event, path) => {
    event.preventDefault();
    openSoon([path]);
  });
  function openSoon(paths: string[]): void {
    if (connected && !connected.isDestroyed()) openPaths(paths).catch(fail);
    else waiting.push(...paths);
  }
  app.on("window-all-closed", () => {
    app.quit();
  });
  app.on("will-quit", (event) => {
    event.preventDefault();
    void shutDown();
  });
  /** The engine puts away what is finished and goes; what is being saved is saved. */
  async function shutDown(): Promise<void> {
    await Promise.allSettled([engine.stop(), writesDone()]);
    log.close();
    // Not quit: asked for in the middle of a quit that was held up, it is lost.
    app.exit(0);
  }
  app.whenReady().then(open, fail);
}

main();
