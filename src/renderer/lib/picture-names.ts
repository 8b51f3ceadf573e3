import { pictureExtensions } from "../../shared/network-files";

/** Whether a file is shown to a network instead of opened as one. */
export function isPictureName(name: string): boolean {
  const dot = name.lastIndexOf(".");
  return (
    dot > 0 && pictureExtensions.includes(name.slice(dot + 1).toLowerCase())
  );
}
