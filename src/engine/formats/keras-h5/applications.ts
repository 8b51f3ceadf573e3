/**
 * Networks of keras.applications by the names of their layers: their official files hold weights alone.
 * VGG (arXiv 1409.1556) and ResNet v1 (arXiv 1512.03385, the stride in a block's first convolution).
 */

/** A topology as Keras 2 writes it. */
interface Recognised {
  readonly name: string;
  readonly topology: unknown;
}

/** Null where the layers' names are those of no network that is known. */
export function recognise(names: readonly string[]): Recognised | null {
  return resNet(new Set(names)) ?? vgg(new Set(names));
}

/** Collects layers, each of which reads one or more before it. */
class Layers {
  readonly #list: unknown[] = [];
  #count = 0;

  constructor(size: number | null) {
    this.#put("input", "InputLayer", [], {
      batch_input_shape: [null, size, size, 3],
    });
  }

  /** Returns the layer's name; one without weights needs none. */
  add(
    className: string,
    inputs: readonly string[],
    config: object = {},
    name = `${className}_${++this.#count}`,
  ): string {
    return this.#put(name, className, inputs, config);
  }

  #put(
    name: string,
    className: string,
    inputs: readonly string[],
    config: object,
  ): string {
    this.#list.push({
      name,
      class_name: className,
      config: { name, ...config },
      inbound_nodes:
        inputs.length > 0 ? [inputs.map((input) => [input, 0, 0, {}])] : [],
    });
    return name;
  }

  topology(name: string, output: string): unknown {
    return {
      class_name: "Functional",
      config: {
        name,
        layers: this.#list,
        input_layers: [["input", 0, 0]],
        output_layers: [[output, 0, 0]],
      },
    };
  }
}

const stages = [2, 3, 4, 5] as const;
const mostBlocks = 100;
/** Blocks of all stages, by the networks' names. */
const depths: ReadonlyMap<number, string> = new Map([
  [16, "resnet50"],
  [33, "resnet101"],
  [50, "resnet152"],
]);

function resNet(names: ReadonlySet<string>): Recognised | null {
  const blocksOf = (stage: number) => {
    let count = 0;
    while (
      count < mostBlocks &&
      names.has(`conv${stage}_block${count + 1}_1_conv`)
    )
      count++;
    return count;
  };
  const counts = stages.map(blocksOf);
  const name = depths.get(counts.reduce((a, b) => a + b, 0));
  const isPlain =
    names.has("conv1_conv") && !names.has("conv2_block1_preact_bn");
  if (name === undefined || !isPlain) return null;
  const layers = new Layers(null);
  const normal = (x: string, prefix: string) =>
    layers.add(
      "BatchNormalization",
      [x],
      { epsilon: 1.001e-5 },
      `${prefix}_bn`,
    );
  const conv = (x: string, prefix: string, config: object) =>
    normal(layers.add("Conv2D", [x], config, `${prefix}_conv`), prefix);
  const relu = (x: string) => layers.add("ReLU", [x]);
  const padded = layers.add("ZeroPadding2D", ["input"], { padding: 3 });
  const stem = relu(conv(padded, "conv1", { strides: 2 }));
  const room = layers.add("ZeroPadding2D", [stem], { padding: 1 });
  let x = layers.add("MaxPooling2D", [room], { pool_size: 3, strides: 2 });
  stages.forEach((stage, i) => {
    for (let block = 1; block <= (counts[i] ?? 0); block++) {
      const prefix = `conv${stage}_block${block}`;
      const strides = block === 1 && stage > 2 ? 2 : 1;
      const shortcut = names.has(`${prefix}_0_conv`)
        ? conv(x, `${prefix}_0`, { strides })
        : x;
      const first = relu(conv(x, `${prefix}_1`, { strides }));
      const second = relu(conv(first, `${prefix}_2`, { padding: "same" }));
      const third = conv(second, `${prefix}_3`, {});
      x = relu(layers.add("Add", [shortcut, third]));
    }
  });
  x = layers.add("GlobalAveragePooling2D", [x]);
  const top = ["predictions", "probs", "fc1000"].find((n) => names.has(n));
  if (top !== undefined)
    x = layers.add("Dense", [x], { activation: "softmax" }, top);
  return { name, topology: layers.topology(name, x) };
}

function vgg(names: ReadonlySet<string>): Recognised | null {
  const convs = [...names].filter((n) => /^block\d_conv\d$/.test(n)).length;
  const name = convs === 13 ? "vgg16" : convs === 16 ? "vgg19" : null;
  if (name === null || names.size > 40) return null;
  const hasTop = ["fc1", "fc2", "predictions"].every((n) => names.has(n));
  const layers = new Layers(hasTop ? 224 : null);
  let x = "input";
  for (let block = 1; block <= 5; block++) {
    for (let i = 1; names.has(`block${block}_conv${i}`); i++)
      x = layers.add(
        "Conv2D",
        [x],
        { padding: "same", activation: "relu" },
        `block${block}_conv${i}`,
      );
    x = layers.add("MaxPooling2D", [x]);
  }
  if (hasTop) {
    x = layers.add("Flatten", [x]);
    x = layers.add("Dense", [x], { activation: "relu" }, "fc1");
    x = layers.add("Dense", [x], { activation: "relu" }, "fc2");
    x = layers.add("Dense", [x], { activation: "softmax" }, "predictions");
  }
  return { name, topology: layers.topology(name, x) };
}
