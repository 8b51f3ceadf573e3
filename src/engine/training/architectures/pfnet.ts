/** PFNet18: ResNet-18's plan with every spatial convolution fixed (Linse, Barth, Martinetz, IJCNN 2023, arXiv 2411.18388). */
import { inputName } from "../../network/network";
import { node, type Weight } from "../../network/op";
import * as ops from "../../network/ops/index";
import { around, Sketch, type Architecture } from "./architecture";
import { filterPool, gaussian } from "./fixed-filters";

/** Every place of the filters; 3 x 3. */
const places = 9;

export const pfnet18: Architecture = {
  title: "PFNet18",
  description:
    "ResNet-18's plan with fixed edge and line filters; only their mixing is learned.",
  build(options) {
    const sketch = new Sketch(options, 1e-5);
    // every filter of the pool for each of the image's channels
    let x = filtering(sketch, "stem", inputName, 64, 2, filterPool.length);
    x = sketch.rectifier("relu", x);
    x = sketch.maxPool("maxpool", x, {
      window: 3,
      stride: 2,
      padding: "same",
    });
    for (let stage = 0; stage < 4; stage++)
      for (let block = 0; block < 2; block++) {
        const name = `layer${stage + 1}.${block}`;
        const stride = stage > 0 && block === 0 ? 2 : 1;
        const out = 64 << stage;
        let y = filtering(sketch, `${name}.pfm1`, x, out, stride);
        y = sketch.rectifier(`${name}.relu1`, y);
        y = filtering(sketch, `${name}.pfm2`, y, out, 1);
        if (stride > 1) {
          x = depthwise(sketch, `${name}.blur`, x, stride, 1, () => gaussian);
          const mixing = { kernel: 1, out, bias: false };
          x = sketch.convolution(`${name}.downsample`, x, mixing);
        }
        x = sketch.rectifier(
          `${name}.relu2`,
          sketch.sum(`${name}.add`, [y, x]),
        );
      }
    return sketch.classifier(x);
  },
};

/** A pre-defined filter module: fixed filters, batch norm, rectifier, a learned 1 x 1 convolution, batch norm. */
function filtering(
  sketch: Sketch,
  name: string,
  input: string,
  out: number,
  stride: number,
  multiplier = 1,
): string {
  const count = filterPool.length;
  let x = depthwise(
    sketch,
    `${name}.filters`,
    input,
    stride,
    multiplier,
    (channel) => filterPool[channel % count] ?? gaussian,
  );
  x = sketch.rectifier(`${name}.relu`, sketch.norm(`${name}.bn1`, x));
  x = sketch.convolution(`${name}.conv`, x, { kernel: 1, out });
  return sketch.norm(`${name}.bn2`, x);
}

/** `filter`: 3 x 3 values for an output channel. */
function depthwise(
  sketch: Sketch,
  name: string,
  input: string,
  stride: number,
  multiplier: number,
  filter: (channel: number) => Float64Array,
): string {
  const channels = sketch.channels(input);
  const outputs = channels * multiplier;
  const kernel: Weight = {
    shape: [3, 3, channels, multiplier],
    data: Float32Array.from(
      { length: places * outputs },
      (_, i) => filter(i % outputs)[Math.floor(i / outputs)] ?? 0,
    ),
  };
  return sketch.add(
    node(
      ops.depthwiseConv2d,
      name,
      [input],
      { strides: [stride, stride], dilations: [1, 1], padding: around(1) },
      { kernel },
    ),
  );
}
