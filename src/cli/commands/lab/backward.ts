import { usage } from "../../exit";
import { readNumber } from "../../arguments";
import { labCommand } from "./front";
import { readNumbers } from "./numbers";

const titles = {
  relu: "ReLU",
  leaky: "Leaky ReLU",
  proxygrad: "ProxyGrad",
} as const;

export const backward = labCommand({
  name: "backward",
  experiment: "backward",
  synopsis: '[--x "1.5,-0.5;-2,3"] [--g "2,-1;4,0.5"] [--slope 0.3]',
  summary:
    "One rectifier by hand: its output, and the gradient the three methods hand on.",
  positionals: { min: 0, max: 0 },
  flags: {
    x: {
      value: "A,B;C,D",
      help: "its input, rows separated by semicolons",
    },
    g: { value: "A,B;C,D", help: "the gradient that comes back to its output" },
    slope: { value: "0.3", help: "of Leaky ReLU and of ProxyGrad" },
  },
  settings: (values) => ({
    ...(values.has("x") && { x: readMatrix("--x", values.one("x")) }),
    ...(values.has("g") && { g: readMatrix("--g", values.one("g")) }),
    ...(values.has("slope") && {
      slope: readNumber(
        "--slope",
        values.one("slope"),
        { min: 0, max: 1 },
        NaN,
      ),
    }),
  }),
  lines: (rows) => rows,
  table: (rows) =>
    rows.flatMap(({ method, slope, forward, backward }) => [
      method === "relu" ? titles[method] : `${titles[method]} ${slope}`,
      ...forward.map(
        (row, i) =>
          `  ${i === 0 ? "forward " : "        "}${spell(row)}  ${i === 0 ? "backward " : "         "}${spell(backward[i] ?? [])}`,
      ),
    ]),
});

function readMatrix(flag: string, text: string | undefined): number[][] {
  const rows = (text ?? "")
    .split(";")
    .map((row) => readNumbers(flag, row, { min: -1e6, max: 1e6 }));
  if (rows.some((row) => row.length !== rows[0]?.length))
    throw usage(
      `${flag}: the rows of "${text}" are not equally long.`,
      'A matrix is written as "1,2;3,4".',
    );
  return rows;
}

/** Float32 has seven digits. */
function spell(row: readonly number[]): string {
  return row.map((v) => String(Number(v.toPrecision(7))).padStart(8)).join(" ");
}
