/** Convolutions, pools and resizing in both orders of axes, against the naive evaluator. */
import { beforeAll, describe, it } from "vitest";
import { openBackend } from "../../../../src/main/host/backend";
import { randomWeight } from "../../../support/small-networks";
import { expectSame } from "./agree";

beforeAll(async () => {
  await openBackend();
});

describe.each(["NCHW", "NHWC"] as const)("%s", (order) => {
  it("convolves", () => {
    expectSame([6, 5, 3], (l) =>
      l.conv2d(
        "conv",
        l.input(order),
        randomWeight([3, 2, 3, 4], 0.5, 1),
        randomWeight([4], 0.5, 2),
        {
          order,
          strides: [2, 1],
          dilations: [1, 2],
          padding: [
            [1, 0],
            [0, 2],
          ],
          groups: 1,
        },
      ),
    );
  });
});
