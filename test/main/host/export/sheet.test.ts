import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { exportGallery } from "../../../../src/main/host/export";
import { makeGrid, type Grid } from "../../../../src/main/host/export/grid";
import {
  cellAt,
  layoutSheet,
} from "../../../../src/main/host/export/sheet-layout";
import { openGallery } from "../../../../src/main/host/export/source";
import type { Fault } from "../../../../src/shared/fault";
import {
  imageOf,
  makeGallery,
  temporary,
  type FixtureOptions,
} from "./fixture";
import { levels } from "./fixture-reference";

const { signal } = new AbortController();

async function sheet(options: FixtureOptions = {}) {
  const { folder } = await makeGallery(options);
  const out = join(await temporary(), "sheet.png");
  const outcome = await exportGallery(
    {
      folder,
      runs: null,
      format: "sheet",
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal },
  );
  expect(outcome).toMatchObject({ outcome: "written", files: 1 });
  const { data, info } = await sharp(out)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const source = await openGallery(folder, null, { signal });
  const grid = makeGrid(source);
  const at = (x: number, y: number) => {
    const start = (y * info.width + x) * info.channels;
    return [...data.subarray(start, start + 3)];
  };
  return { at, info, grid };
}

test("every tile lies where its row and column are, enlarged pixel by pixel", async () => {
  const { at, info, grid } = await sheet();
  const layout = layoutSheet(grid, [[6, 8, 3]], ["a", "b", "c"]);
  // 8 pixels wide: 20 times is 160.
  expect(layout.scale).toBe(20);
  expect(info).toMatchObject({ width: layout.width, channels: 3 });
  const { margin, labelWidth, title, head, gap } = layout;
  expect(cellAt(layout, 0, 0)).toEqual({
    left: margin + labelWidth,
    top: title + head,
  });
  expect(cellAt(layout, 1, 2)).toEqual({
    left: margin + labelWidth + 2 * (160 + gap),
    top: title + head + layout.row,
  });
  for (let row = 0; row < 2; row++)
    for (let column = 0; column < 3; column++) {
      const { left, top } = cellAt(layout, row, column);
      const expected = levels(imageOf(row, column), "sigma");
      for (const [y, x] of [
        [0, 0],
        [0, 7],
        [3, 4],
        [5, 0],
        [5, 7],
      ] as const)
        for (const [dy, dx] of [
          [0, 0],
          [19, 19],
        ] as const) {
          const pixel = at(left + x * 20 + dx, top + y * 20 + dy);
          for (let c = 0; c < 3; c++)
            expect(
              Math.abs(
                (pixel[c] ?? NaN) - (expected[(y * 8 + x) * 3 + c] ?? NaN),
              ),
            ).toBeLessThan(0.6);
        }
      // Just outside, there is paper.
      expect(at(left - 1, top + 60)).toEqual([247, 247, 248]);
      expect(at(left + 160, top + 60)).toEqual([247, 247, 248]);
    }
});

test("labels, heads, scores and footer are there: ink where text belongs", async () => {
  const { at, grid, info } = await sheet();
  const layout = layoutSheet(grid, [[6, 8, 3]], ["a", "b", "c"]);
  const ink = (left: number, top: number, width: number, height: number) => {
    let count = 0;
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++)
        if ((at(x, y)[0] ?? 255) < 128) count++;
    return count;
  };
  const { left, top } = cellAt(layout, 0, 0);
  const { labelWidth, cell, head, margin } = layout;
  expect(
    ink(left - labelWidth, top, labelWidth - 4, cell.height),
  ).toBeGreaterThan(50);
  expect(ink(left, top - head, cell.width, head)).toBeGreaterThan(100);
  expect(ink(left, top + cell.height + 1, cell.width, 38)).toBeGreaterThan(50);
  expect(ink(margin, layout.footer + 10, 300, 60)).toBeGreaterThan(200);
  expect(ink(margin, margin, 200, 24)).toBeGreaterThan(100);
  // And none on the margins.
  expect(ink(0, 0, margin - 2, info.height)).toBe(0);
});

test("a tile without a picture is an empty frame", async () => {
  const { at, grid } = await sheet({
    change: (run) => (run.id === "run-0-1" ? null : run),
  });
  const layout = layoutSheet(grid, [[6, 8, 3]], ["a", "b", "c"]);
  const { left, top } = cellAt(layout, 0, 1);
  expect(at(left, top)).toEqual([233, 233, 235]);
  expect(at(left + 10, top + 10)).toEqual([247, 247, 248]);
});

test("hostile labels do not break the sheet", async () => {
  const { info } = await sheet({
    labels: [
      `<text>&'"]]>\u0000\u0008\ud800`,
      "x".repeat(900),
      "a ".repeat(400),
      "\u202eevil ملف 汉字 🦩🏽",
    ],
  });
  expect(info.width).toBeGreaterThan(500);
});

function gridOf(rows: number, columns: number): Grid {
  return {
    columns: Array.from({ length: columns }, () => ({
      title: "ReLU",
      method: { kind: "relu" as const },
      slopes: { forward: 0, backward: 0 },
      network: "n",
    })),
    rows: Array.from({ length: rows }, (_, row) => ({
      label: `class ${row}`,
      id: String(row),
      cells: [],
    })),
    leftOut: 0,
  };
}

test("many rows are laid out in blocks side by side that do not overlap", () => {
  const layout = layoutSheet(gridOf(101, 3), [[128, 128, 3]], ["facts"]);
  expect(layout.blocks).toBeGreaterThan(1);
  expect(layout.blocks * layout.block.rows).toBeGreaterThanOrEqual(101);
  expect(layout.height).toBeLessThanOrEqual(8192 + 300);
  const first = cellAt(layout, 0, 2);
  const next = cellAt(layout, layout.block.rows, 0);
  expect(next.top).toBe(first.top);
  expect(next.left - layout.labelWidth).toBeGreaterThan(
    first.left + layout.cell.width,
  );
  const last = cellAt(layout, 100, 2);
  expect(last.left + layout.cell.width).toBeLessThan(layout.width);
  expect(last.top + layout.row).toBeLessThanOrEqual(layout.footer);
});

test("tiles are enlarged less where they would not fit, and too many are refused with another way", () => {
  const small = layoutSheet(gridOf(900, 3), [[32, 32, 3]], ["facts"]);
  expect(small.scale).toBeLessThan(5);
  expect(() => layoutSheet(gridOf(5000, 3), [[227, 227, 3]], [])).toThrowError(
    expect.objectContaining({
      code: "export-failed",
      remedy: expect.stringContaining("HTML page") as string,
    }) as Fault,
  );
});
