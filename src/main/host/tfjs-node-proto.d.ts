declare module "@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js";
