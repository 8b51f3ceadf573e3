/** The engine's public surface; nothing else of it is imported from outside. */
export type { AscentRequest, TileUpdate } from "./ascent/ascend";
export type { Format, NetworkFiles, ReadOptions } from "./formats/format";
export { classCount, type Network } from "./network/network";
export type { GraphDefinition } from "./step/graph";
export type { LoadedGraph, NativeRuntime } from "./step/runtime";
