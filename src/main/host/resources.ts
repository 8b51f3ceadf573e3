/** Where the project's own files lie: beside package.json, whether run from source or built. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The nearest folder at or above this file that holds `resources/networks`. */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "resources", "networks"))) {
    const above = dirname(folder);
    if (above === folder)
      throw new Error("Proxima's own resources folder is missing.");
    folder = above;
  }
  return folder;
}

/** The folder of the networks that come with Proxima. */
export function bundledFolder(): string {
  return join(projectFolder(), "resources", "networks");
}
