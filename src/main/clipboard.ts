import {
  clipboard,
  ClipboardItem,
  nativeImage,
  type NativeImage,
} from "electron";
import { Fault } from "../shared/fault";

/** As it was before Electron 45. */
interface OldClipboard {
  writeImage(image: NativeImage): void;
}

/** Puts a PNG on the clipboard. */
export async function copyPicture(png: Uint8Array): Promise<void> {
  const image = nativeImage.createFromBuffer(Buffer.from(png));
  if (image.isEmpty())
    throw new Fault("invalid-request", "The picture to copy is no PNG.");
  // Absent in older Electrons, whatever the current one's types say.
  const Item = ClipboardItem as typeof ClipboardItem | undefined;
  if (Item) {
    const blob = new Blob([image.toPNG()], { type: "image/png" });
    await clipboard.write([new Item({ "image/png": blob })]);
  } else (clipboard as unknown as OldClipboard).writeImage(image);
}
