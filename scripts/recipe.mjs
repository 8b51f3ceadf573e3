// node scripts/recipe.mjs NETWORK...: measured recipes against the plain step, as a table and a sheet.
// See scripts/recipe/compare.ts for the options.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
await build({
  root,
  configFile: false,
  logLevel: "error",
  build: { ssr: "scripts/recipe/compare.ts", outDir: "out/recipe" },
});
process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
const { main } = await import(
  new URL("../out/recipe/compare.js", import.meta.url)
);
process.exit(await main(process.argv.slice(2)));
