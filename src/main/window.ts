import { BrowserWindow, Menu, nativeTheme, screen } from "electron";
import type { Busy } from "./busy";
import { confirmClose, confirmReload } from "./dialogs";
import type { Log } from "./log";
import type { Places } from "./places";
import { confineContents } from "./security";
import { StoredFile } from "./stored-file";
import { textMenu } from "./text-menu";
import {
  defaultWindowState,
  minimumSize,
  placeWindow,
  windowStateSchema,
} from "./window-state";

export interface WindowOptions {
  readonly places: Places;
  readonly busy: Busy;
  readonly log: Log;
  /** What the window shows. */
  readonly url: string;
}

/** The page's own backgrounds (--bg in its tokens.css), shown before its first paint so that nothing flashes. */
const backgrounds = { dark: "#1b1b1c", light: "#ececed" };

function background(): string {
  return nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light;
}

/** The app's window: where it was, shown once it has something to show, and closed only after asking if it is busy. */
export function openWindow({
  places,
  busy,
  log,
  url,
}: WindowOptions): BrowserWindow {
  const state = new StoredFile(
    places.windowState,
    windowStateSchema,
    defaultWindowState,
  );
  if (state.problem) log.line(`window: ${state.problem}`);
  const primary = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter(({ id }) => id !== primary.id);
  const window = new BrowserWindow({
    ...placeWindow(
      state.value.bounds,
      [primary, ...others].map(({ workArea }) => workArea),
    ),
    minWidth: minimumSize.width,
    minHeight: minimumSize.height,
    title: "Proxima",
    icon: places.icon,
    show: false,
    backgroundColor: background(),
    webPreferences: {
      preload: places.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
      // Runs go on, and are painted, while another window covers this one.
      backgroundThrottling: false,
    },
  });
  confineContents(window.webContents, url);
  window.webContents.on("context-menu", (_event, asked) => {
    const items = textMenu(asked);
    if (items.length > 0) Menu.buildFromTemplate(items).popup({ window });
  });

  window.once("ready-to-show", () => {
    if (state.value.maximized) window.maximize();
    window.show();
  });
  const repaint = (): void => {
    window.setBackgroundColor(background());
  };
  nativeTheme.on("updated", repaint);

  let agreed = false;
  window.on("close", (event) => {
    if (busy.what === null || agreed) {
      saveState();
      return;
    }
    event.preventDefault();
    void confirmClose(window, busy.what).then((close) => {
      if (!close || window.isDestroyed()) return;
      agreed = true;
      window.close();
    });
  });
  window.on("closed", () => {
    nativeTheme.off("updated", repaint);
    busy.set(null);
  });
  // A page that loads anew has nothing going on yet.
  window.webContents.on(
    "did-start-navigation",
    ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) busy.set(null);
    },
  );
  window.webContents.on("render-process-gone", (_event, { reason }) => {
    log.line(`window: its process ended, ${reason}`);
    busy.set(null);
    if (reason === "clean-exit") return;
    void confirmReload(window).then((reload) => {
      if (window.isDestroyed()) return;
      if (reload) window.webContents.reload();
      else window.destroy();
    });
  });

  function saveState(): void {
    const bounds = window.getNormalBounds();
    state
      .save({ version: 1, bounds, maximized: window.isMaximized() })
      .catch((error: unknown) => {
        log.line(`window: its place was not saved: ${String(error)}`);
      });
  }

  void window.loadURL(url);
  return window;
}
