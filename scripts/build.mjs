#!/usr/bin/env node
// node scripts/build.mjs [--force]
// Builds out/ with electron-vite where it is older than what it is made of.
import { enter } from "./lib/enter.mjs";

enter(async () => {
  const { buildIfStale } = await import("./lib/build-app.mjs");
  const force = process.argv.includes("--force");
  const built = await buildIfStale({ force, say: console.log });
  if (!built) console.log("The build is up to date.");
  return 0;
});
