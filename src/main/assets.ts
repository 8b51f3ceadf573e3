import { extname, join, normalize, sep } from "node:path";

export const rendererScheme = "app";
export const rendererOrigin = "app://proxima";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Only files of our own: no inline script or style, no eval, no other origin. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export interface Asset {
  readonly path: string;
  readonly type: string;
}

/** The file of `root` that a URL names; undefined for anything else, and for anything that leads out of `root`. */
export function findAsset(root: string, url: string): Asset | undefined {
  let parsed: URL;
  let pathname: string;
  try {
    parsed = new URL(url);
    pathname = decodeURIComponent(parsed.pathname);
  } catch {
    return undefined;
  }
  if (parsed.protocol !== `${rendererScheme}:` || parsed.host !== "proxima")
    return undefined;
  if (pathname.includes("\0") || pathname.includes("\\")) return undefined;
  const inside = normalize(root) + sep;
  const path = join(inside, pathname === "/" ? "index.html" : pathname);
  const type = types[extname(path)];
  if (!path.startsWith(inside) || type === undefined) return undefined;
  return { path, type };
}
