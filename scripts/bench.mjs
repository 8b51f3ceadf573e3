// npm run bench: times one bare ascent step, compiled and eager, and PyTorch where a Python with torch is at hand.
// See scripts/bench/bench.ts for the options.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
await build({
  root,
  configFile: false,
  logLevel: "error",
  build: { ssr: "scripts/bench/bench.ts", outDir: "out/bench" },
});
process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
const { main } = await import(
  new URL("../out/bench/bench.js", import.meta.url)
);
process.exit(await main(process.argv.slice(2)));
