// Runs the app in the folder that the command line names, as Electron's own default app does: `electron [-r FILE] FOLDER`.
const { Module } = require("node:module");
const { join, resolve } = require("node:path");
const { app } = require("electron");

const required = [];
let folder = null;
for (let i = 1; i < process.argv.length && folder === null; i += 1) {
  const arg = process.argv[i];
  if (arg === "-r" || arg === "--require") required.push(process.argv[++i]);
  else if (!arg.startsWith("-")) folder = resolve(arg);
}
if (folder === null) {
  console.error("Usage: electron [-r FILE] FOLDER");
  process.exit(2);
}
Object.defineProperty(process, "defaultApp", { value: true });
for (const file of required) require(resolve(file));

const manifest = require(join(folder, "package.json"));
app.setName(manifest.productName ?? manifest.name);
app.setVersion(manifest.version ?? "0.0.0");
app.setAppPath(folder);
Module._load(join(folder, manifest.main), Module, true);
