import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentSecurityPolicy, findAsset } from "../../src/main/assets";
import { mayOpenLink } from "../../src/main/links";

const root = "/app/out/renderer";

describe("files of the window", () => {
  it.each([
    ["app://proxima/", "index.html", "text/html; charset=utf-8"],
    [
      "app://proxima/index.html?x=1#y",
      "index.html",
      "text/html; charset=utf-8",
    ],
    [
      "app://proxima/assets/a-1.js",
      "assets/a-1.js",
      "text/javascript; charset=utf-8",
    ],
    [
      "app://proxima/assets/a%20b.css",
      "assets/a b.css",
      "text/css; charset=utf-8",
    ],
    // The URL parser takes the dots away before anyone sees them.
    [
      "app://proxima/../../index.html",
      "index.html",
      "text/html; charset=utf-8",
    ],
  ])("%s is %s", (url, path, type) => {
    expect(findAsset(root, url)).toEqual({ path: join(root, path), type });
  });

  it.each([
    "app://proxima/..%2f..%2fpackage.json",
    "app://proxima/%2e%2e%2f%2e%2e%2fpackage.json",
    "app://proxima/..%5c..%5cpackage.json",
    "app://proxima/a%00.html",
    "app://proxima/%zz.html",
    "app://proxima/..%2frenderer-other/index.html",
    "app://elsewhere/index.html",
    "app://proxima.example/index.html",
    "file:///app/out/renderer/index.html",
    "https://proxima/index.html",
    "app://proxima/secret.cjs",
    "app://proxima/folder",
    "nonsense",
  ])("%s is nothing", (url) => {
    expect(findAsset(root, url)).toBeUndefined();
  });

  it("come with a policy that has no exception", () => {
    expect(contentSecurityPolicy).not.toMatch(/unsafe|\*|http/);
    expect(contentSecurityPolicy).toMatch(/^default-src 'none'; /);
  });
});

describe("links", () => {
  it.each(["https://doi.org/10.1109/x", "https://arxiv.org/abs/1"])(
    "%s may open",
    (url) => {
      expect(mayOpenLink(url)).toBe(true);
    },
  );
  it.each([
    "http://doi.org/",
    "https://doi.org.example/",
    "https://user:pass@doi.org/",
    "https://example.org/?https://doi.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "doi.org",
    "",
  ])("%s may not", (url) => {
    expect(mayOpenLink(url)).toBe(false);
  });
});
