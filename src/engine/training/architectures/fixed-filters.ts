/** The fixed 3 x 3 filters of PFNet18, row by row: Linse, Barth, Martinetz, IJCNN 2023 (arXiv 2411.18388). */

const size = 3;

type Profile = "uneven" | "even";

/** Edges and lines at four angles, each also turned negative: channel j of a network uses filter j mod 16. */
export const filterPool: readonly Float64Array[] = (
  ["uneven", "even"] as const
).flatMap((profile) =>
  [0, 45, 90, 135].flatMap((degrees) =>
    [-1, 1].map((sign) => oriented(profile, (degrees * Math.PI) / 180, sign)),
  ),
);

/** A weak blur before every second pixel is taken: sigma = 0.25 size, sum 1. */
export const gaussian: Float64Array = (() => {
  const values = sample((x, y) => bell(Math.hypot(x, y), 0.25 * size));
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((v) => v / sum);
})();

/**
 * With c the distance along the angle: an edge is +-(1 - exp(-c^2 / (2 (0.3 size)^2))), negative on the far side; a
 * line is 2 exp(-c^2 / (2 (0.15 size)^2)). Then the mean is taken off, and the sum of absolute values made 1.
 */
function oriented(profile: Profile, angle: number, sign: number): Float64Array {
  const values = sample((x, y) => {
    const between = Math.abs(angle - Math.atan2(y, x));
    const along = Math.hypot(x, y) * Math.cos(between);
    if (profile === "even") return 2 * bell(along, 0.15 * size);
    const edge = 1 - bell(along, 0.3 * size);
    return between > Math.PI / 2 ? -edge : edge;
  });
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const centred = values.map((v) => v - mean);
  const total = centred.reduce((a, b) => a + Math.abs(b), 0);
  return centred.map((v) => (sign * v) / total);
}

function bell(distance: number, sigma: number): number {
  return Math.exp(-(distance ** 2) / (2 * sigma ** 2));
}

/** Values at x, y = -1, 0, 1, row by row. */
function sample(value: (x: number, y: number) => number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) =>
    value((i % size) - 1, Math.floor(i / size) - 1),
  );
}
