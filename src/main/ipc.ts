import { ipcMain, type IpcMainInvokeEvent, type WebContents } from "electron";

/** Whose messages are heard. */
export interface Trust {
  isOurs(contents: WebContents): boolean;
  /** Origin of the window's page. */
  readonly origin: string;
}

/**
 * The one wrapper around ipcMain: refuses every sender but the main frame of our own window at our own origin.
 */
export function handleTrusted(
  channel: string,
  trust: Trust,
  listener: (contents: WebContents, ...values: unknown[]) => Promise<unknown>,
): void {
  ipcMain.handle(channel, (event, ...values: unknown[]) => {
    if (!isTrusted(event, trust)) throw new Error("Refused: unknown sender.");
    return listener(event.sender, ...values);
  });
}

function isTrusted(event: IpcMainInvokeEvent, trust: Trust): boolean {
  const frame = event.senderFrame;
  return (
    frame !== null &&
    frame.parent === null &&
    frame.origin === trust.origin &&
    trust.isOurs(event.sender)
  );
}
