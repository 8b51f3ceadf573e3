import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const shared = {
  environment: "node",
  // one process a file: native TensorFlow reads its settings once a process, and a crash takes one file with it
  pool: "forks",
  // loading native TensorFlow alone takes seconds on a busy machine
  testTimeout: 60_000,
  hookTimeout: 120_000,
} as const;

export default defineConfig({
  test: {
    // each file may use all cores through TensorFlow
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/renderer/**", "test/e2e/**"],
        },
      },
      {
        plugins: [svelte()],
        // Svelte's runes as they run in the window, not as they are rendered on a server
        resolve: { conditions: ["browser"] },
        test: {
          ...shared,
          name: "renderer",
          environment: "./test/renderer/environment.ts",
          include: ["test/renderer/**/*.test.ts"],
        },
      },
    ],
  },
});
