/** What people are told to do in Python where a file cannot be opened as it is. */

/** Saves weights alone. */
export const saveAdvice = 'torch.save(model.state_dict(), "weights.pth").';

/** Makes a file that says how its layers hang together. */
export const exportAdvice =
  'Export the network as ONNX: torch.onnx.export(model.eval(), (torch.rand(1, 3, 224, 224),), "network.onnx").';
