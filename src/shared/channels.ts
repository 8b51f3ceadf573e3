/** Names that main, the preload script and the page agree on; apart from the schemas, which the preload script does not need. */

/** The messages between main and the preload script. */
export const channels = {
  /** invoke(name, request, bytes?) -> AppAnswer */
  app: "proxima:app",
  /** invoke(name?) -> nothing; a message on `enginePort`, with the name, follows */
  connectEngine: "proxima:connect-engine",
  /** invoke(paths) -> DroppedFile[]; paths come from the preload script, never from the page */
  dropped: "proxima:dropped",
  /** main -> preload: an AppEvent */
  event: "proxima:event",
  /** main -> preload: a MessagePort to the engine */
  enginePort: "proxima:engine-port",
} as const;

/** The global's name on the page: `window.proxima`. */
export const bridgeKey = "proxima";
/** `data` of the window message that carries the engine's port; a connection's name follows after a colon. */
export const enginePortMessage = "proxima:engine-port";
