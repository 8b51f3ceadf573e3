import { createContext } from "svelte";
import type { AppState } from "./app.svelte";

/** The state of the window, for every component below App. */
export const [useApp, provideApp] = createContext<AppState>();
