/** A graph as the bytes of a SavedModel, through the protocol buffer classes that ship with tfjs-node. */
import type { Attribute, DType, GraphDefinition } from "../../engine";

// tensorflow/core/framework/types.proto
const dtypes: Record<DType, number> = { float32: 1, int32: 3, bfloat16: 14 };
/** The GraphDef version of TensorFlow 2.x that the ops below are written against. */
const producer = 1882;

interface ListValue {
  setIList(values: number[]): void;
}
interface Dim {
  setSize(size: number): void;
}
interface TensorShape {
  setDimList(dims: Dim[]): void;
}
interface TensorMessage {
  setDtype(dtype: number): void;
  setTensorShape(shape: TensorShape): void;
  setTensorContent(bytes: Uint8Array): void;
}
interface AttrValue {
  setType(dtype: number): void;
  setI(value: number): void;
  setF(value: number): void;
  setB(value: boolean): void;
  setS(value: Uint8Array): void;
  setList(list: ListValue): void;
  setShape(shape: TensorShape): void;
  setTensor(tensor: TensorMessage): void;
}
interface NodeDef {
  setName(name: string): void;
  setOp(op: string): void;
  setInputList(names: string[]): void;
  getAttrMap(): { set(key: string, value: AttrValue): unknown };
}
interface VersionDef {
  setProducer(version: number): void;
}
interface GraphDef {
  addNode(node: NodeDef): void;
  setVersions(version: VersionDef): void;
}
interface MetaInfoDef {
  setTagsList(tags: string[]): void;
}
interface MetaGraphDef {
  setMetaInfoDef(info: MetaInfoDef): void;
  setGraphDef(graph: GraphDef): void;
}
interface SavedModel {
  setSavedModelSchemaVersion(version: number): void;
  addMetaGraphs(graph: MetaGraphDef): void;
  serializeBinary(): Uint8Array;
}

/** The generated message classes that are used; they come without types. */
export interface Messages {
  readonly AttrValue: (new () => AttrValue) & {
    readonly ListValue: new () => ListValue;
  };
  readonly TensorShape: (new () => TensorShape) & {
    readonly Dim: new () => Dim;
  };
  readonly Tensor: new () => TensorMessage;
  readonly NodeDef: new () => NodeDef;
  readonly VersionDef: new () => VersionDef;
  readonly GraphDef: new () => GraphDef;
  readonly MetaGraphDef: (new () => MetaGraphDef) & {
    readonly MetaInfoDef: new () => MetaInfoDef;
  };
  readonly SavedModel: new () => SavedModel;
}

export function encodeSavedModel(
  messages: Messages,
  { nodes }: GraphDefinition,
): Uint8Array {
  const graph = new messages.GraphDef();
  for (const { name, op, inputs, attributes } of nodes) {
    const node = new messages.NodeDef();
    node.setName(name);
    node.setOp(op);
    node.setInputList([...inputs]);
    for (const [key, value] of Object.entries(attributes))
      node.getAttrMap().set(key, attributeMessage(messages, value));
    graph.addNode(node);
  }
  const version = new messages.VersionDef();
  version.setProducer(producer);
  graph.setVersions(version);
  const info = new messages.MetaGraphDef.MetaInfoDef();
  info.setTagsList(["serve"]);
  const meta = new messages.MetaGraphDef();
  meta.setMetaInfoDef(info);
  meta.setGraphDef(graph);
  const saved = new messages.SavedModel();
  saved.setSavedModelSchemaVersion(1);
  saved.addMetaGraphs(meta);
  return saved.serializeBinary();
}

function attributeMessage(messages: Messages, value: Attribute): AttrValue {
  const message = new messages.AttrValue();
  if ("type" in value) message.setType(dtypes[value.type]);
  else if ("int" in value) message.setI(value.int);
  else if ("float" in value) message.setF(value.float);
  else if ("bool" in value) message.setB(value.bool);
  else if ("string" in value) message.setS(Buffer.from(value.string));
  else if ("shape" in value)
    message.setShape(shapeMessage(messages, value.shape));
  else if ("ints" in value) {
    const list = new messages.AttrValue.ListValue();
    list.setIList([...value.ints]);
    message.setList(list);
  } else {
    const tensor = new messages.Tensor();
    tensor.setDtype(dtypes[value.tensor.dtype]);
    tensor.setTensorShape(shapeMessage(messages, value.tensor.shape));
    // as bytes: base64 passes V8's longest string on large dense layers
    tensor.setTensorContent(value.tensor.bytes);
    message.setTensor(tensor);
  }
  return message;
}

function shapeMessage(
  messages: Messages,
  dims: readonly number[],
): TensorShape {
  const shape = new messages.TensorShape();
  shape.setDimList(
    dims.map((size) => {
      const dim = new messages.TensorShape.Dim();
      dim.setSize(size);
      return dim;
    }),
  );
  return shape;
}
