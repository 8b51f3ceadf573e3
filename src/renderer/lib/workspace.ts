import type { Component } from "svelte";
import type { AppState } from "../state/app.svelte";

/** A page of the rail. It fills the window below the top bar, its own foot included. */
export interface Workspace {
  readonly id: string;
  readonly title: string;
  /** Path data of a line drawing in a box of 20 x 20. */
  readonly icon: string;
  readonly component: Component;
  /** Whether something is running there that goes on behind other workspaces. */
  readonly running?: (app: AppState) => boolean;
}
