/** What a file or folder is, where it is something known that Proxima does not read. */
import { Fault } from "../../../shared/fault";
import type { NetworkFiles } from "../format";
import { openZip, startsLikeZip } from "../zip";
import { archiveFault } from "./archives";
import { headBytes, kinds, type Kind, type Look } from "./kinds";

export { archiveFault } from "./archives";
export { objectKind, type ObjectKind } from "./objects";
export { refuseForeign } from "./weights";

/** The refusal of a chosen file whose first bytes say what it is, whatever its name; null where they do not. */
export async function foreignStart(files: NetworkFiles): Promise<Fault | null> {
  const { chosen } = files;
  if (chosen === null) return null;
  const look = await lookAt(files, chosen);
  const kind = kinds.find(({ magic }) => magic?.(look) === true);
  return kind ? refusal(chosen, kind) : null;
}

/** The refusal of files that no format knows: by content and by name; null where nothing is known of them. */
export async function foreignFault(files: NetworkFiles): Promise<Fault | null> {
  const { chosen, names } = files;
  const wanted = chosen === null ? names.slice(0, mostNames) : [chosen];
  for (const kind of kinds)
    for (const name of wanted)
      if (await isKind(files, name, kind)) return refusal(name, kind);
  for (const name of wanted) {
    const zip = await entriesOf(files, name);
    if (zip) return archiveFault(name, zip);
  }
  return null;
}

/** Of a folder's files, so many are looked at. */
const mostNames = 200;

async function isKind(
  files: NetworkFiles,
  name: string,
  { name: pattern, magic, looks }: Kind,
): Promise<boolean> {
  if (pattern?.test(name) !== true) return false;
  const test = magic ?? looks;
  return test === undefined || test(await lookAt(files, name));
}

async function lookAt(files: NetworkFiles, name: string): Promise<Look> {
  const file = await files.open(name);
  const head = await file.read(0, Math.min(headBytes, file.size));
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join("");
  return { name, head, text, names: files.names };
}

/** Names in a zip archive; null for anything else. */
async function entriesOf(
  files: NetworkFiles,
  name: string,
): Promise<string[] | null> {
  if (files.chosen === null && !/\.(zip|npz|mar)$/i.test(name)) return null;
  const file = await files.open(name);
  if (!startsLikeZip(await file.read(0, Math.min(4, file.size)))) return null;
  return [...(await openZip(file, name)).entries.keys()];
}

function refusal(name: string, { title, why, remedy, code }: Kind): Fault {
  return new Fault(
    code ?? "unsupported-network",
    `"${name}" is ${title}${why === undefined ? ", which Proxima does not read" : `: ${why}`}.`,
    remedy,
  );
}
