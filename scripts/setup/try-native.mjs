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
/** @type {Record<string, unknown>} a view that may be written */
const old = util;
old["isNullOrUndefined"] ??= (/** @type {unknown} */ value) => value == null;
old["isArray"] ??= Array.isArray;

// of the copy in FOLDER
const tf = /** @type {typeof import("@tensorflow/tfjs-node-gpu")} */ (
  require(join(folder, "dist/index.js"))
);
require("@tensorflow/tfjs-backend-cpu");
await tf.ready();

/** @param {number} count */
const wave = (count) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * 0.7));

/**
 * The output and both gradients.
 * @param {string} backend
 */
async function compute(backend) {
  await tf.setBackend(backend);
  const x = tf.tensor4d(wave(2 * 9 * 9 * 4), [2, 9, 9, 4]);
  const w = tf.tensor4d(wave(3 * 3 * 4 * 6), [3, 3, 4, 6]);
  /** @typedef {typeof x} Tensor4 @typedef {import("@tensorflow/tfjs-core").Tensor} Tensor */
  const f = (/** @type {Tensor} */ a, /** @type {Tensor} */ b) =>
    tf.relu(
      // tf.grads knows no ranks
      tf.conv2d(
        /** @type {Tensor4} */ (a),
        /** @type {Tensor4} */ (b),
        2,
        "same",
      ),
    );
  const y = f(x, w);
  const gradients = tf.grads(f)([x, w], tf.tensor(wave(y.size), y.shape));
  return [y, ...gradients].map((tensor) => [...tensor.dataSync()]);
}

/**
 * The largest difference relative to the largest value; NaN where a value is.
 * @param {readonly number[]} values
 * @param {readonly number[]} expected
 */
function difference(values, expected) {
  const worst = values.map((value, i) =>
    Math.abs(value - (expected[i] ?? NaN)),
  );
  return Math.max(...worst) / Math.max(...expected.map(Math.abs));
}

const native = await compute("tensorflow");
const reference = await compute("cpu");
const differences = native.map((values, i) =>
  difference(values, reference[i] ?? []),
);

await tf.setBackend("tensorflow");
// the backend's class comes without types
const backend =
  /** @type {{ binding: { TF_Version: string }, isUsingGpuDevice: boolean }} */ (
    /** @type {unknown} */ (tf.backend())
  );
console.log(
  JSON.stringify({
    version: backend.binding.TF_Version,
    device: backend.isUsingGpuDevice ? "GPU" : "CPU",
    differences,
  }),
);
// written so that NaN fails too
if (!differences.every((value) => value < tolerance)) process.exit(1);
