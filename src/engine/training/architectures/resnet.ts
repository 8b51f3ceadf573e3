/** ResNet-18: He et al. 2016, two blocks of two 3 x 3 convolutions in each of four stages. */
import { inputName } from "../../network/network";
import type { Architecture } from "./architecture";
import { Sketch, type ConvolutionOptions } from "./architecture";

interface Plan {
  readonly padding: NonNullable<ConvolutionOptions["padding"]>;
  /** Channels of the first stage; every stage after it has twice as many and half the height and width. */
  readonly width: number;
}

/** torchvision's plan: 7 x 7 stem with stride 2, max pooling, 64 to 512 channels. The pool's odd pixel comes last. */
export const resnet18: Architecture = {
  title: "ResNet-18",
  description: "torchvision's plan: 11 million weights for pictures of 224 px.",
  build(options) {
    const sketch = new Sketch(options, 1e-5);
    const plan: Plan = { padding: "symmetric", width: 64 };
    let x = sketch.convolution("conv1", inputName, {
      kernel: 7,
      out: plan.width,
      stride: 2,
    });
    x = sketch.rectifier("relu", sketch.norm("bn1", x));
    x = sketch.maxPool("maxpool", x, {
      window: 3,
      stride: 2,
      padding: "same",
    });
    return sketch.classifier(stages(sketch, x, plan));
  },
};

/** The plan of the network that comes with Proxima: half the channels, a 3 x 3 stem with stride 2, no max pooling. */
export const resnet18Half: Architecture = {
  title: "ResNet-18, half width",
  description:
    "The network that comes with Proxima: 2.8 million weights for pictures of 128 px.",
  build(options) {
    const sketch = new Sketch(options, 1e-3);
    const plan: Plan = { padding: "same", width: 32 };
    let x = sketch.convolution("conv1", inputName, {
      kernel: 3,
      out: plan.width,
      stride: 2,
      padding: plan.padding,
    });
    x = sketch.rectifier("relu", sketch.norm("bn1", x));
    return sketch.classifier(stages(sketch, x, plan));
  },
};

/** Names are torchvision's. */
function stages(sketch: Sketch, input: string, { width, padding }: Plan) {
  let x = input;
  for (let stage = 0; stage < 4; stage++)
    for (let block = 0; block < 2; block++) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const out = width << stage;
      let y = sketch.convolution(`${name}.conv1`, x, {
        kernel: 3,
        out,
        stride,
        padding,
      });
      y = sketch.rectifier(`${name}.relu1`, sketch.norm(`${name}.bn1`, y));
      y = sketch.convolution(`${name}.conv2`, y, { kernel: 3, out, padding });
      y = sketch.norm(`${name}.bn2`, y);
      if (stride > 1) {
        const shortcut = { kernel: 1, out, stride, padding };
        x = sketch.convolution(`${name}.downsample.0`, x, shortcut);
        x = sketch.norm(`${name}.downsample.1`, x);
      }
      x = sketch.rectifier(`${name}.relu2`, sketch.sum(`${name}.add`, [y, x]));
    }
  return x;
}
