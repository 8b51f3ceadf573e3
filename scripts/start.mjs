#!/usr/bin/env node
// npm start: set-up, build, window.
import { enter } from "./lib/enter.mjs";

enter(() =>
  import("./start/main.mjs").then(({ main }) => main(process.argv.slice(2))),
);
