/** The window in a plain browser with a made-up engine, to see every state: `npx vite -c test/renderer/harness/vite.config.ts`. */
import { resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: resolve(import.meta.dirname, "../../../node_modules/.vite-harness"),
  plugins: [
    svelte({
      configFile: resolve(import.meta.dirname, "../../../svelte.config.js"),
    }),
  ],
  server: {
    port: 5311,
    strictPort: true,
    fs: { allow: [resolve(import.meta.dirname, "../../..")] },
  },
});
