import type {
  AppEvent,
  AppTable,
  EngineTable,
  Reply,
  Request,
} from "../../shared/contract";
import type { Client } from "../../shared/rpc";

/** Commands to main; rejects with a Fault. */
export interface AppCaller {
  call<K extends keyof AppTable>(
    name: K,
    request: Request<AppTable[K]>,
    options?: { bytes?: Uint8Array },
  ): Promise<Reply<AppTable[K]>>;
}

export interface ChosenFile {
  readonly token: string;
  readonly name: string;
}

/** What was dropped, and what it looks like from outside. */
export interface DroppedFile extends ChosenFile {
  readonly kind: "network" | "gallery";
}

/** Everything outside the window that the state talks to; main.ts makes it from the preload bridge, tests from fakes. */
export interface World {
  readonly app: AppCaller;
  /** Main's events; returns its off. */
  onEvent(listener: (event: AppEvent) => void): () => void;
  /** A client for every life of the engine host, the first one included; returns its off. */
  onEngine(listener: (client: Client<EngineTable>) => void): () => void;
  /** What stands for dropped files or folders; those without a path (a picture out of a browser) are left out. */
  tokensOf(files: readonly File[]): Promise<DroppedFile[]>;
  /** Numbers in [0, 1): seeds and random classes. */
  random(): number;
  /** True on macOS, for the names of keys. */
  readonly mac: boolean;
}
