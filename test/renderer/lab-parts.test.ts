import { describe, expect, it } from "vitest";
import { problemOf, recallSettings } from "../../src/shared/lab/settings";
import { readNumbers, writeNumbers } from "../../src/renderer/lib/number-list";
import {
  linearScale,
  logScale,
  niceStep,
  placeOn,
  tickTexts,
} from "../../src/renderer/lib/plot";
import {
  formatFigures,
  showValue,
  toCsv,
  toTsv,
  type TableColumn,
} from "../../src/renderer/lib/table";
import { labPages } from "../../src/renderer/workspaces/lab/pages";
import { experimentSpecs } from "../../src/shared/lab";

describe("a plot's linear scale", () => {
  it("steps by 1, 2, 2.5 and 5 times a power of ten", () => {
    expect([0.9, 1, 1.3, 2.2, 3, 7, 0.031].map(niceStep)).toEqual([
      1, 1, 2, 2.5, 5, 10, 0.05,
    ]);
  });

  it("ends at ticks where it is to be nice, else at the values", () => {
    const values = [46.6, 67.4, 23];
    expect(linearScale(values, { nice: true, from0: true })).toEqual({
      log: false,
      low: 0,
      high: 80,
      ticks: [0, 20, 40, 60, 80],
    });
    expect(linearScale([0, 0.4], { count: 4 })).toEqual({
      log: false,
      low: 0,
      high: 0.4,
      ticks: [0, 0.1, 0.2, 0.3, 0.4],
    });
  });

  it("opens no step for a value a hair beyond a tick", () => {
    const { low, high } = linearScale([-0.002, 0.399], { nice: true });
    expect([low, high]).toEqual([0, 0.4]);
  });

  it("makes room around a single value, and has a scale for none", () => {
    const one = linearScale([4], { nice: true });
    expect(one.low).toBeLessThan(4);
    expect(one.high).toBeGreaterThan(4);
    expect(linearScale([NaN, Infinity], {})).toMatchObject({ low: 0, high: 1 });
    expect(linearScale([0, 0], { from0: true })).toMatchObject({
      low: 0,
      high: 1,
    });
  });

  it("places values between its ends", () => {
    const scale = linearScale([10, 30]);
    expect([10, 15, 30].map((v) => placeOn(scale, v))).toEqual([0, 0.25, 1]);
  });

  it("writes its ticks with the decimals their distance needs", () => {
    const texts = (low: number, high: number) =>
      tickTexts(linearScale([low, high], { nice: true }));
    expect(texts(-0.5, 0.5)).toEqual(["−0.6", "−0.4", "−0.2", "0", "0.2", "0.4", "0.6"]); // prettier-ignore
    expect(texts(0, 1.2)).toEqual(["0", "0.25", "0.50", "0.75", "1.00", "1.25"]); // prettier-ignore
    expect(texts(0, 400)).toEqual(["0", "100", "200", "300", "400"]);
    expect(texts(0, 5e-5)).toEqual(["0", "1e-5", "2e-5", "3e-5", "4e-5", "5e-5"].map((t) => t.replace("-", "−"))); // prettier-ignore
  });
});

describe("a plot's logarithmic scale", () => {
  it("has ticks at 1, 2 and 5 over few decades, at powers of ten over many", () => {
    expect(logScale([0.01, 0.3], { nice: true })).toEqual({
      log: true,
      low: 0.01,
      high: 0.5,
      ticks: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    });
    expect(logScale([1, 10_000]).ticks).toEqual([1, 10, 100, 1000, 10_000]);
  });

  it("has no place for zero and below", () => {
    const scale = logScale([0, -3, 1, 100]);
    expect([scale.low, scale.high]).toEqual([1, 100]);
    expect(placeOn(scale, 10)).toBeCloseTo(0.5, 12);
    expect(placeOn(scale, 0)).toBeNaN();
  });
});

interface Row {
  name: string;
  value: number | null;
}
const columns: readonly TableColumn<Row>[] = [
  { title: "name, short", value: (row) => row.name, kind: "text" },
  { title: "value", value: (row) => row.value },
];
const rows: Row[] = [
  { name: 'a "b"\tc', value: 1 / 3 },
  { name: "plain", value: null },
];

describe("a table", () => {
  it("is CSV with unrounded numbers and quotes where they are needed", () => {
    expect(toCsv(columns, rows)).toBe(
      '"name, short",value\r\n"a ""b""\tc",0.3333333333333333\r\nplain,\r\n',
    );
  });

  it("has no formulas, in files and on the clipboard, and leaves numbers as they are", () => {
    const strange = [
      { name: "=cmd()", value: -1.5 },
      { name: "\uff1dcmd()", value: -0 },
      { name: "two\n+lines", value: null },
    ];
    expect(toCsv(columns, strange)).toBe(
      '"name, short",value\r\n\'=cmd(),-1.5\r\n\'\uff1dcmd(),0\r\n"\'two\n+lines",\r\n',
    );
    expect(toTsv(columns, strange)).toBe(
      "name, short\tvalue\n'=cmd()\t-1.5\n'\uff1dcmd()\t0\ntwo +lines\t",
    );
  });

  it("is pasted into a spreadsheet as tab-separated lines", () => {
    expect(toTsv(columns, rows)).toBe(
      'name, short\tvalue\na "b" c\t0.3333333333333333\nplain\t',
    );
  });

  it("shows four figures", () => {
    expect([1 / 3, 67.4, 1167.2, -0.0026432, 3.95e-5, 0, 12345.6].map((v) => formatFigures(v))).toEqual(["0.3333", "67.40", "1167", "−0.002643", "3.950e−5", "0", "12346"]); // prettier-ignore
    expect(showValue(null)).toBe("–");
    expect(showValue(true)).toBe("yes");
  });
});

describe("a list of numbers", () => {
  it("is read with spaces, commas or semicolons, and decimal commas", () => {
    expect(readNumbers("0 .02 .05, 0.1;1e-3")).toEqual([
      0, 0.02, 0.05, 0.1, 0.001,
    ]);
    expect(readNumbers("0,0.1,0.2")).toEqual([0, 0.1, 0.2]);
    expect(readNumbers("0,1 0,25")).toEqual([0.1, 0.25]);
    expect(readNumbers(" ")).toEqual([]);
    expect(readNumbers("0 x 1")).toBeNull();
  });

  it("is written as it is read", () => {
    const values = [0, 0.05, 1 / 4, 12, 0.123456789, 4_294_967_295];
    expect(readNumbers(writeNumbers(values))).toEqual(values);
  });
});

describe("settings that were remembered", () => {
  const first = experimentSpecs.moments.settings.parse({});

  it("come back; what this version does not take is as at first", () => {
    expect(
      recallSettings("moments", { sigma: 2, samples: "many", old: 1 }),
    ).toEqual({ ...first, sigma: 2 });
    expect(recallSettings("moments", "damaged")).toEqual(first);
    expect(recallSettings("moments", { slopes: [0.5, 7] })).toEqual(first);
  });

  it("every experiment has settings to begin with", () => {
    for (const spec of Object.values(experimentSpecs))
      expect(spec.settings.safeParse({}).success, spec.id).toBe(true);
  });

  it("what is wrong is said in words", () => {
    expect(problemOf("moments", first)).toBeNull();
    expect(problemOf("moments", { ...first, slopes: [0, 2] })).toMatch(/^At most \d+\.$/); // prettier-ignore
    expect(problemOf("moments", { ...first, sigma: 0 })).toBe("More than 0.");
    expect(problemOf("moments", { ...first, slopes: [] })).toBe(
      "At least 1 value.",
    );
    expect(problemOf("moments", { ...first, seed: 1.5 })).toBe(
      "A whole number is needed.",
    );
  });
});

describe("the Lab's pages", () => {
  it("are each there once", () => {
    const ids = labPages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
