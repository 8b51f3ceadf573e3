import { resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "electron-vite";

const at = (path: string): string => resolve(import.meta.dirname, path);
const commonJs = {
  format: "cjs",
  entryFileNames: "[name].cjs",
  chunkFileNames: "chunks/[name]-[hash].cjs",
} as const;

/** Oldest runtimes: Node 18 is inside Electron 25 (main, preload), Chromium 114 too (renderer). */
export default defineConfig({
  main: {
    build: {
      target: "node18",
      sourcemap: true,
      // Bundled, zod is one file without its locales: a window opens sooner. What has native parts, or must be
      // one instance for all (tfjs-core), stays outside.
      externalizeDeps: { exclude: ["zod"] },
      rolldownOptions: {
        input: {
          index: at("src/main/index.ts"),
          host: at("src/main/host/index.ts"),
          "reader-thread": at("src/main/host/reader/thread.ts"),
          cli: at("src/cli/index.ts"),
        },
        output: commonJs,
      },
    },
  },
  preload: {
    build: {
      target: "node18",
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: at("src/preload/index.ts") },
        output: commonJs,
      },
    },
  },
  renderer: {
    root: at("src/renderer"),
    plugins: [svelte()],
    build: {
      target: "chrome114",
      // Nothing inline: the content security policy knows only files of our own.
      assetsInlineLimit: 0,
      rolldownOptions: { input: { index: at("src/renderer/index.html") } },
    },
  },
});
