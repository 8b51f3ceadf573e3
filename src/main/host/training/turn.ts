/** A part of a picture that is turned, sampled once. */

/** What is shown, in pixels. */
export interface TurnedPart {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** Left and right are exchanged, after the turn. */
  readonly flipped: boolean;
  /** Degrees; the picture turns counter-clockwise around the part's centre. */
  readonly angle: number;
}

/**
 * Writes the part into `out` from `offset` on: float32 [size, size, 3] in 0..255, of `pixels` [size, size, 3].
 * Bilinear, pixel centres at halves; what lies outside of the picture repeats its edge.
 */
export function turnPixels(
  pixels: Uint8Array,
  size: number,
  { top, left, height, width, flipped, angle }: TurnedPart,
  out: Float32Array,
  offset: number,
): void {
  const radians = (angle / 180) * Math.PI;
  const cosine = Math.cos(radians);
  const sine = Math.sin(radians);
  const down = height / size;
  const across = (flipped ? -width : width) / size;
  const middle = (size - 1) / 2;
  const centreY = top + (height - 1) / 2;
  const centreX = left + (width - 1) / 2;
  const last = size - 1;
  const stride = size * 3;
  let to = offset;
  for (let y = 0; y < size; y++) {
    const dy = (y - middle) * down;
    const startX = centreX - sine * dy;
    const startY = centreY + cosine * dy;
    for (let x = 0; x < size; x++) {
      const dx = (x - middle) * across;
      const atX = Math.min(last, Math.max(0, startX + cosine * dx));
      const atY = Math.min(last, Math.max(0, startY + sine * dx));
      const column = Math.floor(atX);
      const row = Math.floor(atY);
      const partX = atX - column;
      const partY = atY - row;
      const a = row * stride + column * 3;
      const right = column < last ? 3 : 0;
      const c = row < last ? a + stride : a;
      for (let channel = 0; channel < 3; channel++) {
        const p = pixels[a + channel] ?? 0;
        const q = pixels[c + channel] ?? 0;
        const upper = p + ((pixels[a + right + channel] ?? 0) - p) * partX;
        const lower = q + ((pixels[c + right + channel] ?? 0) - q) * partX;
        out[to + channel] = upper + (lower - upper) * partY;
      }
      to += 3;
    }
  }
}
