/**
 * The messages of an ONNX file, as far as inference needs them (onnx.proto; field numbers never change).
 * Tensors' values are spans: long ones are located in the file and read when they are wanted.
 */
import {
  message,
  one,
  optional,
  recursiveMessage,
  repeated,
  type Decoded,
  type Message,
} from "../protobuf";

const entry = message("StringStringEntryProto", {
  key: one(1, "string"),
  value: one(2, "string"),
});

/** The lists are packed, so that each is a span. */
export const tensorProto = message("TensorProto", {
  dims: repeated(1, "int64"),
  dataType: one(2, "int32"),
  segment: optional(3, "bytes"),
  floatData: repeated(4, "span"),
  int32Data: repeated(5, "span"),
  int64Data: repeated(7, "span"),
  name: one(8, "string"),
  rawData: optional(9, "span"),
  doubleData: repeated(10, "span"),
  uint64Data: repeated(11, "span"),
  externalData: repeated(13, entry),
  /** 1: in another file. */
  dataLocation: one(14, "int32"),
});
export type TensorProto = Decoded<typeof tensorProto>;

const dimension = message("Dimension", {
  dimValue: optional(1, "int64"),
  dimParam: one(2, "string"),
});
const valueInfo = message("ValueInfoProto", {
  name: one(1, "string"),
  type: one(
    2,
    message("TypeProto", {
      tensorType: one(
        1,
        message("TypeProto.Tensor", {
          elemType: one(1, "int32"),
          shape: one(
            2,
            message("TensorShapeProto", { dim: repeated(1, dimension) }),
          ),
        }),
      ),
    }),
  ),
});
export type ValueInfo = Decoded<typeof valueInfo>;

export interface AttributeProto {
  readonly name: string;
  /** In a function: the attribute of the call that is meant. */
  readonly refAttrName: string;
  /** AttributeProto.AttributeType; 0 in files of before it was written. */
  readonly type: number;
  readonly f: number;
  readonly i: number;
  readonly s: Uint8Array;
  readonly t: TensorProto | null;
  readonly g: GraphProto | null;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly overload: string;
  readonly attribute: readonly AttributeProto[];
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly sparseInitializer: readonly Uint8Array[];
  readonly input: readonly ValueInfo[];
  readonly output: readonly ValueInfo[];
}

const attributeProto: Message<AttributeProto> = recursiveMessage(
  "AttributeProto",
  () => ({
    name: one(1, "string"),
    f: one(2, "float"),
    i: one(3, "saturating-int64"),
    s: one(4, "bytes"),
    t: one(5, tensorProto),
    g: one(6, graphProto),
    floats: repeated(7, "float"),
    ints: repeated(8, "saturating-int64"),
    type: one(20, "int32"),
    refAttrName: one(21, "string"),
  }),
);

const nodeProto: Message<NodeProto> = recursiveMessage("NodeProto", () => ({
  input: repeated(1, "string"),
  output: repeated(2, "string"),
  name: one(3, "string"),
  opType: one(4, "string"),
  attribute: repeated(5, attributeProto),
  domain: one(7, "string"),
  overload: one(8, "string"),
}));

const graphProto: Message<GraphProto> = recursiveMessage("GraphProto", () => ({
  node: repeated(1, nodeProto),
  initializer: repeated(5, tensorProto),
  input: repeated(11, valueInfo),
  output: repeated(12, valueInfo),
  sparseInitializer: repeated(15, "bytes"),
}));

const operatorSet = message("OperatorSetIdProto", {
  domain: one(1, "string"),
  version: one(2, "int64"),
});

/** A function of the file: a graph that nodes call by its name. */
const functionProto = message("FunctionProto", {
  name: one(1, "string"),
  input: repeated(4, "string"),
  output: repeated(5, "string"),
  node: repeated(7, nodeProto),
  opsetImport: repeated(9, operatorSet),
  domain: one(10, "string"),
  /** Attributes with a default. */
  attributeProto: repeated(11, attributeProto),
  overload: one(13, "string"),
});
export type FunctionProto = Decoded<typeof functionProto>;

export const modelProto = message("ModelProto", {
  irVersion: one(1, "int64"),
  producerName: one(2, "string"),
  producerVersion: one(3, "string"),
  graph: one(7, graphProto),
  opsetImport: repeated(8, operatorSet),
  metadata: repeated(14, entry),
  functions: repeated(25, functionProto),
});
export type ModelProto = Decoded<typeof modelProto>;
