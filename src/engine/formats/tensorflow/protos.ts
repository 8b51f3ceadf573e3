/** TensorFlow's messages, as far as they say what a network computes. */
import {
  map,
  message,
  one,
  optional,
  repeated,
  type Decoded,
} from "../protobuf";

const dimension = message("TensorShapeProto.Dim", { size: one(1, "int64") });

export const tensorShapeProto = message("TensorShapeProto", {
  dim: repeated(2, dimension),
  unknownRank: one(3, "bool"),
});
export type TensorShapeProto = Decoded<typeof tensorShapeProto>;

export const tensorProto = message("TensorProto", {
  dtype: one(1, "int32"),
  shape: one(2, tensorShapeProto),
  content: one(4, "span"),
  floats: repeated(5, "float"),
  doubles: repeated(6, "double"),
  ints: repeated(7, "int32"),
  strings: repeated(8, "bytes"),
  int64s: repeated(10, "saturating-int64"),
  bools: repeated(11, "bool"),
  halves: repeated(13, "int32"),
  uint32s: repeated(16, "uint32"),
});
export type TensorProto = Decoded<typeof tensorProto>;

const functionName = message("NameAttrList", { name: one(1, "string") });

const attributeList = message("AttrValue.ListValue", {
  s: repeated(2, "bytes"),
  i: repeated(3, "saturating-int64"),
  f: repeated(4, "float"),
  b: repeated(5, "bool"),
  type: repeated(6, "int32"),
  shape: repeated(7, tensorShapeProto),
});

export const attrValue = message("AttrValue", {
  list: one(1, attributeList),
  s: optional(2, "bytes"),
  i: optional(3, "saturating-int64"),
  f: optional(4, "float"),
  b: optional(5, "bool"),
  type: optional(6, "int32"),
  shape: one(7, tensorShapeProto),
  tensor: one(8, tensorProto),
  func: one(10, functionName),
});
export type AttrValue = Decoded<typeof attrValue>;

export const nodeDef = message("NodeDef", {
  name: one(1, "string"),
  op: one(2, "string"),
  input: repeated(3, "string"),
  attr: map(5, attrValue),
});
export type NodeDef = Decoded<typeof nodeDef>;

const argument = message("OpDef.ArgDef", { name: one(1, "string") });

export const functionDef = message("FunctionDef", {
  signature: one(
    1,
    message("OpDef", {
      name: one(1, "string"),
      inputArg: repeated(2, argument),
      outputArg: repeated(3, argument),
    }),
  ),
  node: repeated(3, nodeDef),
  ret: map(4, "string"),
});
export type FunctionDef = Decoded<typeof functionDef>;

export const graphDef = message("GraphDef", {
  node: repeated(1, nodeDef),
  library: one(
    2,
    message("FunctionDefLibrary", { function: repeated(1, functionDef) }),
  ),
  versions: one(4, message("VersionDef", { producer: one(1, "int32") })),
});
export type GraphDef = Decoded<typeof graphDef>;

export const tensorInfo = message("TensorInfo", {
  name: one(1, "string"),
  dtype: one(2, "int32"),
  shape: one(3, tensorShapeProto),
});
export type TensorInfo = Decoded<typeof tensorInfo>;

export const signatureDef = message("SignatureDef", {
  inputs: map(1, tensorInfo),
  outputs: map(2, tensorInfo),
  method: one(3, "string"),
});
export type SignatureDef = Decoded<typeof signatureDef>;

export const metaGraphDef = message("MetaGraphDef", {
  info: one(
    1,
    message("MetaInfoDef", {
      tags: repeated(4, "string"),
      version: one(5, "string"),
    }),
  ),
  graph: one(2, graphDef),
  saver: one(3, message("SaverDef", { restore: one(3, "string") })),
  signatures: map(5, signatureDef),
});
export type MetaGraphDef = Decoded<typeof metaGraphDef>;

export const savedModel = message("SavedModel", {
  metaGraphs: repeated(2, metaGraphDef),
});
export type SavedModel = Decoded<typeof savedModel>;
