import { mkdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import { app, shell, type BrowserWindow } from "electron";
import type { AppTable, Purpose, Settings } from "../shared/contract";
import { Fault } from "../shared/fault";
import type { Handlers } from "../shared/rpc";
import { electronWarning } from "./about";
import type { Busy } from "./busy";
import {
  chooseExport,
  chooseFile,
  chooseGallery,
  chooseLibraryFolder,
  chooseNetwork,
  choosePage,
  choosePictures,
} from "./dialogs";
import { copyPicture } from "./clipboard";
import type { Engine, EngineConfiguration } from "./engine";
import type { Log } from "./log";
import type { Preferences } from "./preferences";
import { isPresent, type RecentNetworks } from "./recent-networks";
import { savePage } from "./save-page";

export interface AppCommandOptions {
  readonly engine: Engine;
  readonly preferences: Preferences;
  readonly recent: RecentNetworks;
  readonly busy: Busy;
  readonly log: Log;
  readonly window: () => BrowserWindow;
  readonly configuration: (settings: Settings) => EngineConfiguration;
  /** After settings have changed. */
  readonly applySettings: (settings: Settings) => void;
  /** After a network was opened: the menu lists those opened lately. */
  readonly recentChanged: () => void;
}

/** A picture of a few hundred million pixels is no picture of ours. */
const maxClipboardBytes = 256 * 2 ** 20;

/** What main does for the window. */
export function appCommands(options: AppCommandOptions): Handlers<AppTable> {
  const { engine, preferences, recent, busy, log, window } = options;

  /** The engine first: what it refuses is not kept. */
  async function changeSettings(change: Partial<Settings>): Promise<Settings> {
    const before = preferences.settings;
    try {
      await engine.configure(options.configuration({ ...before, ...change }));
      await preferences.changeSettings(change);
    } catch (error) {
      // What was wrong with the old ones is not what the user asked for.
      await engine
        .configure(options.configuration(before))
        .catch(() => undefined);
      throw error;
    }
    options.applySettings(preferences.settings);
    return preferences.settings;
  }

  async function granted(path: string | undefined, purpose: Purpose = "read") {
    if (path === undefined) return null;
    return { token: await engine.grant(path, purpose), name: basename(path) };
  }

  return {
    settings: () => Promise.resolve(preferences.settings),
    "settings.change": (change) => {
      if (change.libraryFolder)
        throw new Fault(
          "invalid-request",
          "The library's folder is chosen in a dialog.",
        );
      return changeSettings(change);
    },
    remembered: () => Promise.resolve(preferences.remembered),
    "remembered.change": async (change) => {
      await preferences.changeRemembered(change);
      return {};
    },
    "choose.network": async ({ what }) =>
      granted(await chooseNetwork(window(), what)),
    "choose.gallery": async () => granted(await chooseGallery(window())),
    "choose.file": async ({ what }) =>
      granted(await chooseFile(window(), what)),
    "networks.opened": async ({ token, network, name }) => {
      const path = engine.pathOf(token);
      const was = await recent.add({ network, name, path });
      options.recentChanged();
      return { was };
    },
    "networks.recent": () =>
      Promise.all(
        recent.list.map(async (known) => ({
          token: await engine.grant(known.path, "read"),
          network: known.network,
          name: known.name,
          present: await isPresent(known),
        })),
      ),
    "choose.export": async ({ format, suggestion }) =>
      granted(await chooseExport(window(), format, suggestion), "write"),
    "choose.folder": async ({ what }) =>
      granted(await choosePictures(window(), what)),
    "page.save": async ({ format, suggestion }, { bytes }) => {
      if (!bytes)
        throw new Fault("invalid-request", "There is nothing to write.");
      const path = await choosePage(window(), format, suggestion);
      if (path === undefined) return null;
      await savePage(path, bytes);
      return granted(path, "write");
    },
    "file.reveal": async ({ token }) => {
      const path = engine.pathOf(token, "write");
      await stat(path).catch(() => {
        throw new Fault(
          "invalid-request",
          `${basename(path)} is no longer where it was written.`,
          "Somebody has moved or deleted it.",
        );
      });
      shell.showItemInFolder(path);
      return {};
    },
    "choose.library": async () => {
      const libraryFolder = await chooseLibraryFolder(window());
      return libraryFolder === undefined
        ? preferences.settings
        : changeSettings({ libraryFolder });
    },
    "log.open": async () => {
      log.line("log opened");
      await openPath(log.path);
      return {};
    },
    "library.reveal": async () => {
      const { libraryFolder, makeLibrary } = options.configuration(
        preferences.settings,
      );
      if (makeLibrary) await mkdir(libraryFolder, { recursive: true });
      await openPath(libraryFolder);
      return {};
    },
    "clipboard.picture": async (_, { bytes }) => {
      if (!bytes || bytes.length > maxClipboardBytes)
        throw new Fault("invalid-request", "There is no picture to copy.");
      await copyPicture(bytes);
      return {};
    },
    "engine.restart": async () => {
      await engine.restart();
      return {};
    },
    busy: ({ what }) => {
      busy.set(what);
      return Promise.resolve({});
    },
    about: () =>
      Promise.resolve({
        version: app.getVersion(),
        electron: process.versions.electron ?? "",
        warning: electronWarning(process.versions.electron ?? ""),
      }),
  };
}

async function openPath(path: string): Promise<void> {
  const problem = await shell.openPath(path);
  if (problem !== "")
    throw new Fault(
      "internal",
      `${path} could not be opened: ${problem}`,
      "Open it by hand.",
    );
}
