import { shell, type Session, type WebContents } from "electron";
import { mayOpenLink } from "./links";

/** No camera, no notifications, no clipboard, nothing: main does what the window needs. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => {
    decide(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}

/** The page stays where it is, opens no windows and holds no guests. */
export function confineContents(contents: WebContents): void {
  contents.on("will-navigate", (event) => {
    // Loading the same page again is staying.
    if (event.url !== contents.getURL()) event.preventDefault();
  });
  contents.on("will-redirect", (event) => {
    event.preventDefault();
  });
  contents.on("will-attach-webview", (event) => {
    event.preventDefault();
  });
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpenLink(url)) void shell.openExternal(url);
    return { action: "deny" };
  });
}
