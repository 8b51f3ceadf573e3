/** The exported page's style: the app's, in its dark and light theme, and for print. */
export const style = /* css */ `
:root {
  color-scheme: dark light;
  --bg: #1b1b1c;
  --panel: #222224;
  --raised: #2c2c2f;
  --line: #343437;
  --text: #e8e8ea;
  --dim: #a0a0a5;
  --axis: #4a4a4e;
  --accent: #ff9f43;
  --on-accent: #1b1206;
  --hit: #7bd88f;
  --miss: #ec9a9a;
  --tile: 176px;
  font:
    13px/1.45 Inter,
    "Segoe UI",
    system-ui,
    -apple-system,
    "Helvetica Neue",
    Arial,
    sans-serif;
  font-variant-numeric: tabular-nums;
}
@media (prefers-color-scheme: light) {
  :root {
    color-scheme: light;
    --bg: #f7f7f8;
    --panel: #ffffff;
    --raised: #ffffff;
    --line: #dcdcdf;
    --text: #1b1b1d;
    --dim: #606065;
    --axis: #c6c6ca;
    --accent: #b45f06;
    --on-accent: #ffffff;
    --hit: #1f7a3d;
    --miss: #a8322d;
  }
}

* {
  box-sizing: border-box;
  margin: 0;
}
body {
  background: var(--bg);
  color: var(--text);
}
h1 {
  font-size: 15px;
  font-weight: 600;
}
h2 {
  color: var(--dim);
  font-size: 11px;
  font-weight: 600;
  letter-spacing: 0.06em;
  margin-bottom: 8px;
  text-transform: uppercase;
}
button,
select,
input[type="search"] {
  background: var(--raised);
  border: 1px solid var(--line);
  border-radius: 6px;
  color: inherit;
  font: inherit;
  padding: 4px 10px;
}
:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
[hidden] {
  display: none !important;
}

/* The bar on top. */
body > header {
  align-items: center;
  background: var(--panel);
  border-bottom: 1px solid var(--line);
  display: flex;
  flex-wrap: wrap;
  gap: 8px 16px;
  padding: 10px 20px;
}
/* A wide table scrolls under them. */
body > header,
body > footer {
  left: 0;
  max-width: 100vw;
  position: sticky;
}
body > header p {
  color: var(--dim);
}
.grow {
  flex: 1;
}
.segments {
  border: 1px solid var(--line);
  border-radius: 6px;
  display: inline-flex;
  padding: 0;
}
.segments legend {
  float: left;
  height: 1px;
  overflow: hidden;
  position: absolute;
  width: 1px;
}
.segments label {
  color: var(--dim);
  cursor: pointer;
  padding: 4px 12px;
}
.segments label:first-of-type {
  border-radius: 5px 0 0 5px;
}
.segments label:last-of-type {
  border-radius: 0 5px 5px 0;
}
.segments label:has(:checked) {
  background: color-mix(in srgb, var(--text) 14%, transparent);
  color: var(--text);
}
.segments label:has(:focus-visible) {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
.segments input {
  appearance: none;
  position: absolute;
}

/* One contrast rule for all: the other pictures are there, but not shown. */
body:has([name="contrast"][value="raw"]:checked) .ruled,
body:has([name="contrast"][value="ruled"]:checked) .raw {
  display: none;
}

/* The gallery. */
table {
  border-collapse: separate;
  border-spacing: 0;
  padding-bottom: 20px;
}
th {
  font-weight: 400;
  text-align: left;
}
/* Heads stay in sight: methods above, classes on the left. */
thead > tr > * {
  background: var(--bg);
  border-bottom: 1px solid var(--line);
  position: sticky;
  top: 0;
  z-index: 1;
}
thead th {
  padding: 14px 24px 12px 0;
  vertical-align: middle;
}
thead td {
  color: var(--dim);
  left: 0;
  padding: 0 16px 0 20px;
  z-index: 2;
}
.method {
  align-items: center;
  display: flex;
  gap: 10px;
}
.method svg {
  flex: none;
  height: 36px;
  width: 44px;
}
.method strong,
tbody th strong {
  display: block;
  font-weight: 600;
}
.method span,
tbody th span {
  color: var(--dim);
  font-size: 12px;
}
tbody th {
  background: var(--bg);
  left: 0;
  max-width: 200px;
  min-width: 104px;
  overflow-wrap: anywhere;
  padding: 16px 20px 0 20px;
  position: sticky;
  vertical-align: top;
}
tbody th strong {
  padding-top: calc(var(--tile) / 2 - 20px);
}
tbody td {
  padding: 16px 24px 0 0;
  vertical-align: top;
}
.tile {
  align-items: end;
  display: grid;
  gap: 0 12px;
  grid-template-columns: var(--tile) 116px;
}
.open {
  align-self: start;
  background: none;
  border: 0;
  border-radius: 4px;
  cursor: zoom-in;
  display: block;
  padding: 0;
}
.open img,
.none {
  border-radius: 4px;
  display: block;
  height: auto;
  width: var(--tile);
}
.pixels img,
.pixels .stage img {
  image-rendering: pixelated;
}
.none {
  align-content: center;
  aspect-ratio: 1;
  border: 1px dashed var(--line);
  color: var(--dim);
  text-align: center;
}
.score {
  display: block;
  font-size: 17px;
  font-weight: 600;
  line-height: 1.3;
}
.numbers p {
  color: var(--dim);
  font-size: 12px;
  overflow-wrap: anywhere;
}
.numbers .hit {
  color: var(--hit);
}
.numbers .miss {
  color: var(--miss);
}
.numbers .state,
.numbers .clear {
  color: var(--text);
}
.numbers svg {
  display: block;
  height: 44px;
  margin-top: 6px;
  overflow: visible;
  width: 100%;
}
.trace {
  fill: none;
  stroke: var(--dim);
  stroke-width: 1.6;
  vector-effect: non-scaling-stroke;
}
.trace.accent {
  stroke: var(--accent);
}
.axis {
  stroke: var(--axis);
  stroke-width: 1;
  vector-effect: non-scaling-stroke;
}

/* Records. */
details {
  grid-column: 1 / -1;
  max-width: calc(var(--tile) + 128px);
}
summary {
  color: var(--dim);
  cursor: pointer;
  font-size: 12px;
  padding: 6px 0 2px;
  width: max-content;
}
summary:hover {
  color: var(--text);
}
dl {
  color: var(--dim);
  display: grid;
  gap: 4px 16px;
  grid-template-columns: auto minmax(0, 1fr);
}
dd {
  color: var(--text);
  min-width: 0;
  overflow-wrap: break-word;
  text-align: right;
}
details dl {
  padding: 6px 0 8px;
}
.seen {
  list-style: none;
  padding: 0 0 6px;
}
.seen li {
  display: grid;
  gap: 2px 12px;
  grid-template-columns: 1fr auto;
  padding-bottom: 6px;
}
.seen meter {
  appearance: none;
  background: color-mix(in srgb, var(--text) 12%, transparent);
  border: 0;
  border-radius: 9px;
  grid-column: 1 / -1;
  height: 4px;
  overflow: hidden;
  width: 100%;
}
.seen meter::-webkit-meter-bar {
  background: transparent;
  border: 0;
}
.seen meter::-webkit-meter-optimum-value {
  background: var(--dim);
}
.seen meter::-moz-meter-bar {
  background: var(--dim);
}
.seen .target meter::-webkit-meter-optimum-value {
  background: var(--accent);
}
.seen .target meter::-moz-meter-bar {
  background: var(--accent);
}

body > footer {
  border-top: 1px solid var(--line);
  color: var(--dim);
  display: flex;
  flex-wrap: wrap;
  gap: 24px 64px;
  padding: 20px;
}
body > footer section {
  max-width: 420px;
}
body > footer dd {
  text-align: left;
}
code {
  font:
    12px/1.5 ui-monospace,
    "Cascadia Mono",
    Menlo,
    monospace;
  overflow-wrap: anywhere;
}

/* The large view. */
dialog {
  background: var(--bg);
  border: 0;
  color: inherit;
  height: 100vh;
  max-height: none;
  max-width: none;
  padding: 0;
  width: 100vw;
}
dialog[open] {
  display: grid;
  grid-template-rows: auto 1fr auto;
}
dialog header label {
  color: var(--dim);
}
dialog select {
  color: var(--text);
}
dialog header {
  align-items: center;
  background: var(--panel);
  border-bottom: 1px solid var(--line);
  display: flex;
  flex-wrap: wrap;
  gap: 8px 12px;
  padding: 10px 20px;
}
dialog .view {
  display: grid;
  overflow: auto;
  padding: 20px;
  place-items: center;
}
.stage {
  --at: 50%;
  cursor: ew-resize;
  position: relative;
  touch-action: none;
  user-select: none;
}
.stage img {
  display: block;
  height: 100%;
  left: 0;
  position: absolute;
  top: 0;
  width: 100%;
}
.stage .left {
  clip-path: inset(0 calc(100% - var(--at)) 0 0);
}
.stage .left img,
.stage .right img,
.stage .left,
.stage .right {
  inset: 0;
  position: absolute;
}
.stage .line {
  background: #fff;
  box-shadow: 0 0 0 1px rgb(0 0 0 / 45%);
  inset: 0 auto 0 var(--at);
  margin-left: -1px;
  pointer-events: none;
  position: absolute;
  width: 2px;
}
.stage .line::after {
  background: #fff;
  border-radius: 50%;
  box-shadow: 0 0 0 1px rgb(0 0 0 / 45%);
  content: "";
  height: 22px;
  left: -10px;
  position: absolute;
  top: calc(50% - 11px);
  width: 22px;
}
dialog footer {
  align-items: center;
  background: var(--panel);
  border-top: 1px solid var(--line);
  display: grid;
  gap: 4px 20px;
  grid-template-columns: 1fr minmax(160px, 420px) 1fr;
  padding: 10px 20px 12px;
}
dialog footer p {
  color: var(--dim);
}
dialog footer p b {
  color: var(--text);
  font-weight: 600;
}
dialog footer p:nth-of-type(2) {
  text-align: right;
}
dialog footer .keys {
  grid-column: 1 / -1;
  font-size: 12px;
  text-align: center;
}
dialog input[type="range"] {
  accent-color: var(--accent);
  width: 100%;
}
kbd {
  border: 1px solid var(--line);
  border-radius: 4px;
  font:
    11px ui-monospace,
    monospace;
  padding: 0 4px;
}

@media screen and (max-width: 720px) {
  :root {
    --tile: 128px;
  }
  .tile {
    grid-template-columns: var(--tile);
  }
  details {
    max-width: var(--tile);
  }
  details dl {
    display: block;
  }
  details dd {
    padding-bottom: 4px;
    text-align: left;
  }
  .method {
    align-items: start;
    flex-direction: column;
    gap: 4px;
  }
  body > header,
  body > footer {
    padding-left: 12px;
    padding-right: 12px;
  }
  thead td,
  tbody th {
    padding-left: 12px;
    position: static;
  }
  dialog footer {
    grid-template-columns: 1fr 1fr;
  }
  dialog footer input {
    grid-column: 1 / -1;
    grid-row: 1;
  }
}

@media print {
  :root {
    --bg: #fff;
    --panel: #fff;
    --line: #ccc;
    --text: #000;
    --dim: #444;
    --axis: #bbb;
    --accent: #b45f06;
    --hit: #1f7a3d;
    --miss: #a8322d;
    --tile: 112px;
    font-size: 11px;
    print-color-adjust: exact;
    -webkit-print-color-adjust: exact;
  }
  .segments label:not(:has(:checked)),
  summary,
  dialog,
  input[type="search"] {
    display: none;
  }
  details:not([open]) {
    display: none;
  }
  .tile {
    column-gap: 8px;
    grid-template-columns: var(--tile) 68px;
  }
  tbody td,
  thead th {
    padding-right: 12px;
  }
  tbody th,
  thead td {
    max-width: 110px;
    padding-left: 0;
  }
  .method span {
    font-size: 10px;
  }
  .method svg {
    width: 32px;
  }
  details {
    max-width: calc(var(--tile) + 76px);
  }
  tbody tr {
    break-inside: avoid;
  }
  thead > tr > *,
  tbody th {
    position: static;
  }
}
`;
