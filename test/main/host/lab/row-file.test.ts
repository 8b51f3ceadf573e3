/** Rows of a file that grows: every look sees all of it, and reads what is new. */
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRows } from "../../../../src/main/host/lab/row-file";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();

/** Lines "key=value"; keeps which ones it was asked about. */
function reader(path: string, as = "1") {
  const asked: string[] = [];
  return {
    asked,
    async rows() {
      const { rows, torn } = await readRows(path, as, (line) => {
        asked.push(line);
        const [key = "", value] = line.split("=");
        return value === undefined ? null : [key, value];
      });
      return { ...Object.fromEntries(rows), ...(torn && { torn }) };
    },
  };
}

describe("rows of a file that grows", () => {
  it("are all there, and each line is read once", async () => {
    const path = join(await temporary(), "rows");
    const { asked, rows } = reader(path);
    expect(await rows()).toEqual({});
    await writeFile(path, "a=1\nnothing\nb=ü\n");
    expect(await rows()).toEqual({ a: "1", b: "ü" });
    await appendFile(path, "a=3\nc=4\n");
    expect(await rows()).toEqual({ a: "3", b: "ü", c: "4" });
    expect(await rows()).toEqual({ a: "3", b: "ü", c: "4" });
    expect(asked).toEqual(["a=1", "nothing", "b=ü", "a=3", "c=4"]);
  });

  it("count in a last line without an end, which may still grow", async () => {
    const path = join(await temporary(), "rows");
    const { rows } = reader(path);
    await writeFile(path, "a=1\nb=2");
    expect(await rows()).toEqual({ a: "1", b: "2", torn: true });
    await appendFile(path, "3\nc=4");
    expect(await rows()).toEqual({ a: "1", b: "23", c: "4", torn: true });
    await appendFile(path, "\n");
    expect(await rows()).toEqual({ a: "1", b: "23", c: "4" });
  });

  it("are the caller's own", async () => {
    const path = join(await temporary(), "rows");
    await writeFile(path, "a=1\n");
    const read = () =>
      readRows(path, "1", (line) => [line, line] as const).then(
        ({ rows }) => rows,
      );
    (await read()).set("mine", "mine");
    expect([...(await read()).keys()]).toEqual(["a=1"]);
  });

  it("are read anew where the file is another one, is gone or is understood in another way", async () => {
    const path = join(await temporary(), "rows");
    const { rows } = reader(path);
    await writeFile(path, "a=1\nb=2\n");
    await rows();
    await rm(path);
    expect(await rows()).toEqual({});
    await writeFile(path, "c=1\nd=2\ne=3\n");
    expect(await rows()).toEqual({ c: "1", d: "2", e: "3" });
    await writeFile(path, "f=1\n");
    expect(await rows()).toEqual({ f: "1" });
    const other = reader(path, "2");
    expect(await other.rows()).toEqual({ f: "1" });
    expect(other.asked).toEqual(["f=1"]);
  });

  it("are right where two look at once", async () => {
    const path = join(await temporary(), "rows");
    const { rows } = reader(path);
    await writeFile(path, "a=1\n");
    await rows();
    await appendFile(path, "b=2\n");
    const whole = { a: "1", b: "2" };
    expect(await Promise.all([rows(), rows(), rows()])).toEqual([
      whole,
      whole,
      whole,
    ]);
    await appendFile(path, "c=3\n");
    expect(await rows()).toEqual({ ...whole, c: "3" });
  });
});
