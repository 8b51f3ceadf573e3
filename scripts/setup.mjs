#!/usr/bin/env node
// node scripts/setup.mjs [--gpu | --cpu] [--electron official|test]
// Makes a fresh clone ready; what is done already costs nothing. npm start and npm test do this by themselves.
import { enter } from "./lib/enter.mjs";

enter(() =>
  import("./setup/main.mjs").then(({ main }) => main(process.argv.slice(2))),
);
