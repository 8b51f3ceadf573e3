/** The Lab as the window asks for it. */
import { describe, expect, it } from "vitest";
import { toPicture } from "../../../../src/shared/pictures";
import { toy, toyFilmKey } from "../../../../src/shared/lab/toy";
import { hosts } from "../../../support/host";

const start = hosts();
const settings = {
  ...{ toy: "T3", lambda: 0.5, size: 4, steps: 500, sweep: [] },
  runs: [{ forward: 0, backward: 0.9 }],
};
const request = {
  ...{ experiment: "toy", network: null, images: null, settings },
};

describe("the Lab, from the window", () => {
  it("runs what is missing, and gives rows and pictures back", async () => {
    const { window } = await start();
    const before = await window.call("lab.stored", request);
    expect(before).toMatchObject({ rows: [], missing: 1 });
    const ran = await window.job("lab.run", { ...request, fresh: false });
    expect(ran).toMatchObject({ state: "done", missing: 0 });
    const [found] = ran.rows;
    const row = toy.row.parse(found?.row);
    // above p* = 0.5 every pixel gets white
    expect(row).toMatchObject({ white: 1, value: 1, threshold: 0.5 });
    const after = await window.call("lab.stored", request);
    expect(after.rows).toEqual(ran.rows);

    const key = found?.key ?? "";
    const last = await window.callBytes("lab.picture", { ...request, key });
    expect(last.reply?.shape).toEqual([4, 4, 1]);
    const white = toPicture([4, 4, 1], new Float32Array(16).fill(1));
    expect(new Int16Array(last.bytes.slice().buffer)).toEqual(white.values);
    const film = toyFilmKey(key);
    const whole = await window.callBytes("lab.picture", {
      ...request,
      key: film,
    });
    expect(whole.reply?.shape).toEqual([4 * row.trace.step.length, 4, 1]);
  });
});
