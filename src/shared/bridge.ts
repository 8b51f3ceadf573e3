/**
 * What the preload script puts on the page as `window.proxima` (see `bridgeKey`), and the page's typed side of it.
 *
 * The engine's port cannot cross the context bridge: the page calls {@link listenForEnginePort} first and
 * `bridge.connectEngine()` then; main answers with a port, and with a new one after every restart of the engine.
 */
import {
  app,
  appEventSchema,
  type AppEvent,
  type AppTable,
  type Reply,
  type Request,
} from "./contract";
import { enginePortMessage } from "./channels";
import { decodeFault, Fault, faultSchema, type FaultData } from "./fault";
import { portFromMessagePort, type MessagePortLike } from "./message-port";
import type { Port } from "./port";

export type AppAnswer =
  { readonly reply: unknown } | { readonly fault: FaultData };

/** A dropped file or folder, as main knows it from now on. */
export interface DroppedFile {
  readonly token: string;
  readonly name: string;
  readonly kind: "network" | "gallery";
}

export interface Bridge {
  /** One command of the `app` table; never rejects on a fault. Use {@link callApp}. */
  app(name: string, request: unknown, bytes?: Uint8Array): Promise<AppAnswer>;
  /** Events of main. Use {@link onAppEvent}. Returns its off. */
  onEvent(listener: (event: unknown) => void): () => void;
  /**
   * Asks for a port to the engine, once the page listens for it. A name tells further connections from the
   * page's own: it comes with the port's message, and no port follows it after a restart of the engine.
   */
  connectEngine(name?: string): Promise<void>;
  /** Files (DOM `File`s of a drop or paste) to tokens, in order; those without a path on disk are left out. */
  dropped(files: readonly object[]): Promise<DroppedFile[]>;
}

/** Rejects with a {@link Fault}; the reply is validated. */
export async function callApp<K extends keyof AppTable>(
  bridge: Bridge,
  name: K,
  request: Request<AppTable[K]>,
  bytes?: Uint8Array,
): Promise<Reply<AppTable[K]>> {
  const answer = await bridge.app(name, request, bytes);
  if ("fault" in answer) throw decodeFault(faultSchema.parse(answer.fault));
  const parsed = app[name].reply.safeParse(answer.reply);
  if (!parsed.success)
    throw new Fault("internal", `The answer to ${name} was not understood.`);
  // Indexing the table with a generic name loses the pairing of name and schema that the table states.
  return parsed.data as Reply<AppTable[K]>;
}

/** Returns its off. Events that are not of the contract are dropped. */
export function onAppEvent(
  bridge: Bridge,
  listener: (event: AppEvent) => void,
): () => void {
  return bridge.onEvent((event) => {
    const parsed = appEventSchema.safeParse(event);
    if (parsed.success) listener(parsed.data);
  });
}

/** The part of `window` needed to receive a port. */
export interface PageLike {
  addEventListener(type: string, listener: (event: never) => void): void;
  removeEventListener(type: string, listener: (event: never) => void): void;
}

interface PageMessage {
  readonly data: unknown;
  readonly source: unknown;
  readonly ports: readonly MessagePortLike[];
}

/** Calls `listener` with each port to the engine that comes; an older one is closed by then. Returns its off. */
export function listenForEnginePort(
  page: PageLike,
  listener: (port: Port) => void,
): () => void {
  const receive = (event: PageMessage): void => {
    const [port] = event.ports;
    // Only this window's own preload script can post with this window as the source.
    if (event.source !== page || event.data !== enginePortMessage || !port)
      return;
    listener(portFromMessagePort(port));
  };
  page.addEventListener("message", receive);
  return () => {
    page.removeEventListener("message", receive);
  };
}
