/** Python objects that files hold in place of weights, by the names of their classes. */

export interface ObjectKind {
  readonly name: RegExp;
  /** What it is, after "holds". */
  readonly title: string;
  readonly remedy: string;
}

const saveWeights = (model: string) =>
  `torch.save(${model}.state_dict(), "weights.pth")`;

export const objectKinds: readonly ObjectKind[] = [
  {
    name: /^fastai\b/,
    title: "a fastai export (learn.export): a whole learner",
    remedy: `Load it with load_learner and save its weights: ${saveWeights("learn.model")}.`,
  },
  {
    name: /^ultralytics\b|^models\.(yolo|common|experimental)\b/,
    title: "a whole YOLO model (ultralytics)",
    remedy: 'Export it: YOLO("FILE").export(format="onnx").',
  },
  {
    name: /^(sklearn|xgboost|lightgbm|catboost)\b/,
    title: "a model without gradients by its picture (scikit-learn and kin)",
    remedy: "Proxima opens neural networks that take pictures.",
  },
  {
    name: /^numpy\b/,
    title: "NumPy arrays, not a network that PyTorch saved",
    remedy: `Load them into the network they belong to, and save its weights: ${saveWeights("model")}.`,
  },
  {
    name: /^(keras|tensorflow|tf_keras)\b/,
    title: "a pickled Keras model",
    remedy: 'Save it with Keras: model.save("network.keras").',
  },
  {
    name: /^torchvision\.models\.detection\b/,
    title: "a whole detector of torchvision: it finds boxes",
    remedy:
      "Proxima opens classifiers; save its backbone's weights to open it.",
  },
];

/** What an object of this class is; null where only its name is known. */
export function objectKind(name: string): ObjectKind | null {
  return objectKinds.find((kind) => kind.name.test(name)) ?? null;
}
