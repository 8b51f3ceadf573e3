/** A small network that learns in minutes. */
import { inputName } from "../../network/network";
import { Sketch, type Architecture } from "./architecture";

const widths = [32, 64, 128, 256];

/** Four 3 x 3 convolutions, maps halved by max pooling after each of the first three. */
export const smallCnn: Architecture = {
  title: "Small CNN",
  description: "Four convolutions, 0.4 million weights.",
  build(options) {
    const sketch = new Sketch(options, 1e-5);
    let x = inputName;
    widths.forEach((out, i) => {
      const name = i + 1;
      x = sketch.convolution(`conv${name}`, x, { kernel: 3, out });
      x = sketch.rectifier(`relu${name}`, sketch.norm(`bn${name}`, x));
      if (i < 3)
        x = sketch.maxPool(`pool${name}`, x, {
          window: 2,
          stride: 2,
          padding: "valid",
        });
    });
    return sketch.classifier(x);
  },
};
