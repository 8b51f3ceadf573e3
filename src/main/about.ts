/** Electron supports its three latest major versions; this is the oldest of them as of this release. */
export const oldestSupportedElectron = 43;

/** A sentence where the app runs on an Electron that gets no security updates any more. */
export function electronWarning(version: string): string | null {
  const major = Number.parseInt(version, 10);
  if (major >= oldestSupportedElectron) return null;
  return `This is Electron ${version}, which gets no security updates any more. It is meant for development and tests only.`;
}
