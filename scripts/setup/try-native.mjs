// @ts-check
/**
 * The trial of a freshly built binding, in a process of its own: a convolution and a ReLU, forward and both
 * gradients, against the JavaScript backend. try-native.mjs FOLDER; prints one line of JSON; exit 1 on a difference.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import util from "node:util";

/** Largest difference allowed, relative to the largest value; float32 sums of 36 products differ by about 1e-6. */
const tolerance = 1e-4;

const folder = process.argv[2] ?? "";
const require = createRequire(join(folder, "package.json"));

// tfjs-node 4.22 calls two functions of node:util that Node 23 took away
/** @type {any} they are gone from its types too */
const old = util;
old.isNullOrUndefined ??= (/** @type {unknown} */ value) => value == null;
old.isArray ??= Array.isArray;

/** @type {any} the copy in FOLDER has no types here */
const tf = require(join(folder, "dist/index.js"));
require("@tensorflow/tfjs-backend-cpu");
await tf.ready();

/** @param {number} count */
const wave = (count) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * 0.7));

/** @param {string} backend */
async function compute(backend) {
  await tf.setBackend(backend);
  const x = tf.tensor4d(wave(2 * 9 * 9 * 4), [2, 9, 9, 4]);
  const w = tf.tensor4d(wave(3 * 3 * 4 * 6), [3, 3, 4, 6]);
  /** @param {any} a @param {any} b */
  const f = (a, b) => tf.relu(tf.conv2d(a, b, 2, "same"));
  const y = f(x, w);
  const [dx, dw] = tf.grads(f)([x, w], tf.tensor(wave(y.size), y.shape));
  return [y, dx, dw].map((t) => t.dataSync());
}

const native = await compute("tensorflow");
const reference = await compute("cpu");
const differences = native.map((values, i) => {
  const expected = reference[i];
  let worst = 0;
  let largest = 0;
  for (let k = 0; k < expected.length; k += 1) {
    worst = Math.max(worst, Math.abs(values[k] - expected[k]));
    largest = Math.max(largest, Math.abs(expected[k]));
  }
  return worst / largest;
});

await tf.setBackend("tensorflow");
const { binding, isUsingGpuDevice } = tf.backend();
console.log(
  JSON.stringify({
    version: binding.TF_Version,
    device: isUsingGpuDevice ? "GPU" : "CPU",
    differences,
  }),
);
// a NaN is a difference too
if (!differences.every((difference) => difference < tolerance)) process.exit(1);
