// npm run bench: times one bare ascent step, compiled and eager, and PyTorch where a Python with torch is at hand.
// See scripts/bench/bench.ts for the options.
import { runnerImport } from "vite";

const { module } = await runnerImport("/scripts/bench/bench.ts", {
  root: new URL("..", import.meta.url).pathname,
  configFile: false,
  logLevel: "error",
});
process.exit(await module.main(process.argv.slice(2)));
