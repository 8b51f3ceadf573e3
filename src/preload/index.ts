/** Runs sandboxed, apart from the page: relays commands, events, dropped files and the engine's port. No logic. */
import { contextBridge, ipcRenderer, webUtils } from "electron";
import type { Bridge } from "../shared/bridge";
import { bridgeKey, channels, enginePortMessage } from "../shared/channels";

/** The part of the page's window used here. */
declare const window: {
  readonly location: { readonly origin: string };
  postMessage(
    message: unknown,
    origin: string,
    transfer: readonly unknown[],
  ): void;
};

// Absent before Electron 29, where a File tells its path by an accessor of its own.
const fileUtils = webUtils as typeof webUtils | undefined;

/** "" for what is no file that was dropped: a page may hand over any object, also one with a `path`. */
function pathOf(file: object): string {
  try {
    if (fileUtils) return fileUtils.getPathForFile(file as File);
    // its accessor throws for whatever is not a File of the browser's own
    return String(Reflect.get(File.prototype, "path", file) ?? "");
  } catch {
    return "";
  }
}

const bridge: Bridge = {
  app: (name, request, bytes) =>
    ipcRenderer.invoke(channels.app, name, request, bytes),
  onEvent(listener) {
    const relay = (_: unknown, event: unknown): void => {
      listener(event);
    };
    ipcRenderer.on(channels.event, relay);
    return () => {
      ipcRenderer.off(channels.event, relay);
    };
  },
  connectEngine: (name) => ipcRenderer.invoke(channels.connectEngine, name),
  dropped(files) {
    const paths = files.map(pathOf).filter((path) => path !== "");
    return ipcRenderer.invoke(channels.dropped, paths);
  },
};

contextBridge.exposeInMainWorld(bridgeKey, bridge);

// The context bridge cannot carry a port; a window message can.
ipcRenderer.on(channels.enginePort, ({ ports }, name?: string) => {
  const message = name ? `${enginePortMessage}:${name}` : enginePortMessage;
  window.postMessage(message, window.location.origin, ports);
});
