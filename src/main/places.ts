/** Where things are: in the source tree, in a package, in the user's data. */
import { join } from "node:path";

export interface Places {
  readonly preload: string;
  readonly renderer: string;
  readonly hostScript: string;
  readonly bundledNetworks: string;
  readonly icon: string;
  /** The Node that runs the engine. */
  readonly node: string;
  readonly settings: string;
  readonly remembered: string;
  readonly recentNetworks: string;
  readonly windowState: string;
  readonly library: string;
  /** The app's own folder: downloaded networks and remembered answers lie in it. */
  readonly data: string;
  readonly log: string;
}

export interface PlacesOptions {
  /** Folder of main's own built file, `out/main`. */
  readonly builtMain: string;
  readonly userData: string;
  /** Undefined unless packaged. */
  readonly packagedResources: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

export function findPlaces({
  builtMain,
  userData,
  packagedResources,
  env,
}: PlacesOptions): Places {
  const resources = packagedResources ?? join(builtMain, "../../resources");
  const ownNode = packagedResources && join(packagedResources, "node/bin/node");
  return {
    preload: join(builtMain, "../preload/index.cjs"),
    renderer: join(builtMain, "../renderer"),
    hostScript: join(builtMain, "host.cjs"),
    bundledNetworks: join(resources, "networks"),
    icon: join(resources, "icon.png"),
    node: env["PROXIMA_NODE"] || ownNode || "node",
    settings: join(userData, "settings.json"),
    remembered: join(userData, "remembered.json"),
    recentNetworks: join(userData, "recent-networks.json"),
    windowState: join(userData, "window.json"),
    library: join(userData, "library"),
    data: userData,
    log: join(userData, "logs", "engine.log"),
  };
}
