#!/usr/bin/env node
// npm run check: types, lint, format and import fences, without set-up and without the tests.
import { enter } from "./lib/enter.mjs";

enter(() => import("./test/main.mjs").then(({ checkOnly }) => checkOnly()));
