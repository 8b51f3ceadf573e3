import "../shared/zod-jitless";
import "./styles/base.css";
import { mount } from "svelte";
import { engine } from "../shared/contract";
import {
  callApp,
  listenForEnginePort,
  onAppEvent,
  type Bridge,
  type PageLike,
} from "../shared/bridge";
import { connect } from "../shared/rpc";
import App from "./App.svelte";
import { AppState } from "./state/app.svelte";
import type { World } from "./state/world";

declare global {
  interface Window {
    /** Put there by the preload script. */
    readonly proxima: Bridge;
  }
}

function worldOf(bridge: Bridge): World {
  return {
    app: {
      call: (name, request, options) =>
        callApp(bridge, name, request, options?.bytes),
    },
    onEvent: (listener) => onAppEvent(bridge, listener),
    onEngine(listener) {
      // The DOM's listeners take `any`, which TypeScript will not match with the structural type; window has both methods.
      const page = window as unknown as PageLike;
      const off = listenForEnginePort(page, (port) => {
        listener(connect(port, engine));
      });
      void bridge.connectEngine();
      return off;
    },
    tokensOf: (files) => bridge.dropped(files),
    random: () => {
      const [draw = 0] = crypto.getRandomValues(new Uint32Array(1));
      return draw / 2 ** 32;
    },
    mac: navigator.userAgent.includes("Mac OS"),
  };
}

// Before the settings are there the system's theme is the best guess; without it the first frame would flash.
document.documentElement.dataset["theme"] = matchMedia(
  "(prefers-color-scheme: light)",
).matches
  ? "light"
  : "dark";

const root = document.getElementById("app");
if (!root) throw new Error("The page has no place for the app.");
mount(App, {
  target: root,
  props: { app: new AppState(worldOf(window.proxima)) },
});
