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

/** The page stays where it is, at `home`, opens no windows and holds no guests. */
export function confineContents(contents: WebContents, home: string): void {
  // Loading the same page again is staying.
  const isHome = (url: string) => url === home || url === contents.getURL();
  contents.on("will-navigate", (event) => {
    if (!isHome(event.url)) event.preventDefault();
  });
  // The way to about:blank asks nobody, and stopping it takes Electron 25 down: it is taken back.
  contents.on("did-navigate", (_event, url) => {
    if (url !== home) void contents.loadURL(home);
  });
  // No connections past main, and no addresses of this machine: the page has no use for WebRTC.
  contents.setWebRTCIPHandlingPolicy("disable_non_proxied_udp");
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
