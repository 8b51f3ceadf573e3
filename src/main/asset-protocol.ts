import { readFile } from "node:fs/promises";
import { protocol } from "electron";
import { contentSecurityPolicy, findAsset, rendererScheme } from "./assets";

/** Before the app is ready: afterwards no scheme can become privileged. */
export function registerAssetScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: rendererScheme,
      privileges: { standard: true, secure: true, supportFetchAPI: true },
    },
  ]);
}

/** Serves the built window, and nothing beside it, with the content security policy. */
export function serveAssets(root: string): void {
  protocol.handle(rendererScheme, async ({ url, method }) => {
    const asset = method === "GET" ? findAsset(root, url) : undefined;
    if (!asset) return new Response("Not found", { status: 404 });
    try {
      return new Response(await readFile(asset.path), {
        headers: {
          "Content-Type": asset.type,
          "Content-Security-Policy": contentSecurityPolicy,
          "X-Content-Type-Options": "nosniff",
          "Cache-Control": "no-cache",
        },
      });
    } catch {
      return new Response("Not found", { status: 404 });
    }
  });
}
