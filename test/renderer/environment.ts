import type { Environment } from "vitest/runtime";

/** Plain Node, but code is transformed as for the window: Svelte's runes react, and effects run. */
const environment: Environment = {
  name: "window",
  viteEnvironment: "client",
  setup: () => ({ teardown: () => undefined }),
};

export default environment;
