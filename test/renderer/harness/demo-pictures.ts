import type { Method } from "../../../src/shared/domain";
import { slopesOf } from "../../../src/shared/method";
import { toPicture, type Picture } from "../../../src/shared/pictures";

/** A small generator with a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Coloured waves that rise out of noise: stands for an ascent where only the window is looked at. */
export function demoPicture(
  target: number,
  method: Method,
  seed: number,
  share: number,
  size: number,
): Picture {
  const { forward, backward } = slopesOf(method);
  const draw = random(target * 7919 + seed * 31);
  const blobs = Array.from({ length: 9 }, () => ({
    x: draw() * size,
    y: draw() * size,
    radius: size * (0.06 + 0.12 * draw()),
    angle: draw() * Math.PI,
    wave: 0.25 + 0.5 * draw(),
    colour: [draw() - 0.5, draw() - 0.5, draw() - 0.5] as const,
  }));
  const noise = random(seed + 1);
  const image = new Float32Array(size * size * 3);
  const clean = 0.5 + 1.2 * backward - 0.8 * forward;
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 3;
      for (let c = 0; c < 3; c++) image[at + c] = (noise() - 0.5) * 0.12;
      for (const b of blobs) {
        const dx = x - b.x + forward * 20;
        const dy = y - b.y;
        const far = (dx * dx + dy * dy) / (2 * b.radius * b.radius);
        if (far > 6) continue;
        const along = dx * Math.cos(b.angle) + dy * Math.sin(b.angle);
        const value = Math.exp(-far) * Math.sin(along * b.wave) * share * clean;
        for (let c = 0; c < 3; c++)
          image[at + c] = (image[at + c] ?? 0) + value * (b.colour[c] ?? 0);
      }
    }
  return toPicture([size, size, 3], image);
}

/** A saturating score with a little unrest. */
export function demoScore(
  target: number,
  method: Method,
  step: number,
): number {
  const { forward, backward } = slopesOf(method);
  const top = 14 + (target % 9) * 2.3;
  const gain = 1 + 2.5 * backward - 1.6 * forward - 4 * backward * backward;
  const unrest = Math.sin(step * 1.7 + target) * 0.15;
  return top * gain * (1 - Math.exp(-step / 40)) - 1.5 + unrest;
}
