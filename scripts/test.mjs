#!/usr/bin/env node
// npm test: set-up, then every check and test; the last line is `N passed, N failed, N skipped`.
import { enter } from "./lib/enter.mjs";

enter(() => import("./test/main.mjs").then(({ main }) => main()));
