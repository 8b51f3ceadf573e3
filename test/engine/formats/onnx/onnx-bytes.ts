/** ONNX files written field by field, so that a test can say what is wrong in one. */
import protobuf from "protobufjs/minimal.js";

type Writer = protobuf.Writer;

function bytesOf(fill: (writer: Writer) => unknown): Uint8Array {
  const writer = protobuf.Writer.create();
  fill(writer);
  // a Buffer otherwise
  return new Uint8Array(writer.finish());
}

function put(writer: Writer, field: number, bytes: Uint8Array): void {
  writer.uint32(field * 8 + 2).bytes(bytes);
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32(field * 8 + 2).string(value);
}

function number(writer: Writer, field: number, value: number): void {
  writer.uint32(field * 8).int64(value);
}

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType; 1: float. */
  readonly type?: number;
  readonly raw?: Uint8Array;
  readonly external?: Readonly<Record<string, string>>;
  /** Packed values of `float_data` (4), `int32_data` (5), `int64_data` (7), `double_data` (10). */
  readonly list?: { readonly field: number; readonly bytes: Uint8Array };
}

function tensorBytes(tensor: Tensor): Uint8Array {
  return bytesOf((w) => {
    for (const d of tensor.dims) number(w, 1, d);
    number(w, 2, tensor.type ?? 1);
    text(w, 8, tensor.name);
    if (tensor.raw) put(w, 9, tensor.raw);
    if (tensor.list) put(w, tensor.list.field, tensor.list.bytes);
    for (const [key, value] of Object.entries(tensor.external ?? {}))
      put(w, 13, pairBytes(key, value));
    if (tensor.external) number(w, 14, 1);
  });
}

function pairBytes(key: string, value: string): Uint8Array {
  return bytesOf((w) => {
    text(w, 1, key);
    text(w, 2, value);
  });
}

export type Attribute = number | readonly number[] | Graph;

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

function isList(value: Attribute): value is readonly number[] {
  return Array.isArray(value);
}

function attributeBytes(name: string, value: Attribute): Uint8Array {
  return bytesOf((w) => {
    text(w, 1, name);
    if (typeof value === "number") number(w, 3, value);
    else if (isList(value)) for (const each of value) number(w, 8, each);
    else put(w, 6, graphBytes(value));
  });
}

function nodeBytes(node: GraphNode): Uint8Array {
  return bytesOf((w) => {
    for (const name of node.inputs) text(w, 1, name);
    for (const name of node.outputs) text(w, 2, name);
    text(w, 3, node.name ?? "");
    text(w, 4, node.op);
    for (const [name, value] of Object.entries(node.attributes ?? {}))
      put(w, 5, attributeBytes(name, value));
    text(w, 7, node.domain ?? "");
  });
}

export interface Info {
  readonly name: string;
  /** A string is a symbol. */
  readonly dims: readonly (number | string)[];
}

function infoBytes({ name, dims }: Info): Uint8Array {
  const shape = bytesOf((w) => {
    for (const d of dims)
      put(
        w,
        1,
        bytesOf((dim) =>
          typeof d === "number" ? number(dim, 1, d) : text(dim, 2, d),
        ),
      );
  });
  const tensor = bytesOf((w) => {
    number(w, 1, 1);
    put(w, 2, shape);
  });
  const type = bytesOf((w) => put(w, 1, tensor));
  return bytesOf((w) => {
    text(w, 1, name);
    put(w, 2, type);
  });
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly tensors?: readonly Tensor[];
  readonly inputs?: readonly Info[];
  readonly outputs: readonly string[];
}

function graphBytes(graph: Graph): Uint8Array {
  return bytesOf((w) => {
    for (const node of graph.nodes) put(w, 1, nodeBytes(node));
    for (const tensor of graph.tensors ?? []) put(w, 5, tensorBytes(tensor));
    for (const input of graph.inputs ?? []) put(w, 11, infoBytes(input));
    for (const name of graph.outputs)
      put(
        w,
        12,
        bytesOf((o) => text(o, 1, name)),
      );
  });
}

export interface FunctionBody {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
}

export function modelBytes(
  graph: Graph,
  opset = 17,
  functions: readonly FunctionBody[] = [],
): Uint8Array {
  const imported = bytesOf((w) => {
    text(w, 1, "");
    number(w, 2, opset);
  });
  return bytesOf((w) => {
    number(w, 1, 8);
    text(w, 2, "test");
    put(w, 7, graphBytes(graph));
    put(w, 8, imported);
    for (const body of functions)
      put(
        w,
        25,
        bytesOf((f) => {
          text(f, 1, body.name);
          for (const name of body.inputs) text(f, 4, name);
          for (const name of body.outputs) text(f, 5, name);
          for (const node of body.nodes) put(f, 7, nodeBytes(node));
          put(f, 9, imported);
          text(f, 10, "mine");
        }),
      );
  });
}

export function floatBytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
