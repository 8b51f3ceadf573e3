import { z } from "zod";

const int = z.int().min(-100_000).max(100_000);
export const windowStateSchema = z.strictObject({
  version: z.literal(1),
  bounds: z
    .strictObject({ x: int, y: int, width: int, height: int })
    .nullable(),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof windowStateSchema>;

export const defaultWindowState: WindowState = {
  version: 1,
  bounds: null,
  maximized: false,
};
export const minimumSize = { width: 960, height: 600 };
const preferredSize = { width: 1440, height: 900 };

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** So much of the window must be on a screen, in pixels each way, for the user to get hold of it. */
const graspable = 120;

/**
 * Where the window opens: where it was, if a screen still shows enough of it, and else in the middle
 * (no x and y) of the first screen, never larger than it.
 * @param workAreas of all screens, the primary one first
 */
export function placeWindow(
  saved: Rectangle | null,
  workAreas: readonly Rectangle[],
): { width: number; height: number; x?: number; y?: number } {
  if (saved && workAreas.some((area) => shows(area, saved))) {
    const { x, y } = saved;
    return { x, y, ...atLeastMinimum(saved) };
  }
  const [primary] = workAreas;
  const wanted = saved ?? preferredSize;
  return atLeastMinimum({
    width: Math.min(wanted.width, primary?.width ?? wanted.width),
    height: Math.min(wanted.height, primary?.height ?? wanted.height),
  });
}

function atLeastMinimum({ width, height }: { width: number; height: number }) {
  return {
    width: Math.max(width, minimumSize.width),
    height: Math.max(height, minimumSize.height),
  };
}

function shows(area: Rectangle, window: Rectangle): boolean {
  const width =
    Math.min(area.x + area.width, window.x + window.width) -
    Math.max(area.x, window.x);
  const height =
    Math.min(area.y + area.height, window.y + window.height) -
    Math.max(area.y, window.y);
  return width >= graspable && height >= graspable;
}
