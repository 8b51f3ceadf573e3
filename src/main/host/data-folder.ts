/** The app's own folder, as the window's process has it: what the command line downloads, the window finds. */
import { homedir } from "node:os";
import { join } from "node:path";

/** PROXIMA_USER_DATA, or where the system keeps an app's data. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const own = env["PROXIMA_USER_DATA"];
  if (own) return own;
  if (platform === "win32")
    return join(env["APPDATA"] ?? join(home, "AppData", "Roaming"), "Proxima");
  if (platform === "darwin")
    return join(home, "Library", "Application Support", "Proxima");
  return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "Proxima");
}

/** Of known networks that were downloaded. */
export function downloadsIn(data: string): string {
  return join(data, "networks");
}
