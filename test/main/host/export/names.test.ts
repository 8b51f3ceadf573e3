import { describe, expect, test } from "vitest";
import { fileStems, safeLabel } from "../../../../src/main/host/export/names";
import { makeGallery } from "./fixture";

describe("a label as a file name", () => {
  test.each([
    ["pelican", "pelican"],
    ["analog clock", "analog_clock"],
    ["St. Bernard, Saint Bernard", "St_Bernard,_Saint_Bernard"],
    ["../../etc/passwd", "etc_passwd"],
    ["C:\\Windows\\x", "C_Windows_x"],
    ["a\u0000b\nc", "ab_c"],
    ["\u202egnp.exe", "gnp_exe"],
    ["..", "class"],
    ["", "class"],
    ["   ", "class"],
    ["-rf", "rf"],
    ["~", "class"],
    ['a?b*c|d<e>f"g', "a_b_c_d_e_f_g"],
    ["cafe\u0301", "caf\u00e9"],
    ["汉字", "汉字"],
    ["\ud800x", "x"],
  ])("%j is %j", (label, name) => expect(safeLabel(label)).toBe(name));

  test.each(["CON", "nul", "com1", "aux.txt"])(
    "a name reserved on Windows never stands before a dot: %s",
    (label) =>
      expect(`${safeLabel(label)}-1-relu-raw.png`).not.toMatch(
        /^(con|nul|com1|aux)(\.|$)/i,
      ),
  );

  test("is short enough for every file system, and cut between characters", () => {
    const name = safeLabel("🦩".repeat(500));
    expect(Buffer.byteLength(name)).toBe(120);
    expect(name).toBe("🦩".repeat(30));
    expect(Buffer.byteLength(safeLabel("x".repeat(1000)))).toBe(120);
  });
});

test("names that would be the same get a suffix, whatever the case", async () => {
  const { runs } = await makeGallery({
    labels: ["Lion", "lion", "li/on", "li?on"],
    methods: [{ kind: "relu" }],
    change: (run) => ({ ...run, target: { kind: "logit", index: 1 } }),
  });
  expect(fileStems(runs)).toEqual([
    "Lion-1-relu",
    "lion-1-relu_2",
    "li_on-1-relu",
    "li_on-1-relu_2",
  ]);
});
