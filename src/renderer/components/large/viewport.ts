/**
 * Zoom and pan of the large view, as plain functions. One {@link View} serves all panes side by side:
 * it holds what is looked at as fractions of the picture, so pictures of different sizes stay linked.
 * Lengths are CSS pixels of the pane unless a name says otherwise.
 */
export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Rect extends Point, Size {}

export interface View {
  /** CSS pixels for one pixel of the first picture; null keeps the whole picture in the pane. */
  readonly zoom: number | null;
  /** The point of the picture in the middle of the pane, each in 0..1. */
  readonly center: Point;
}

export const fitted: View = { zoom: null, center: { x: 0.5, y: 0.5 } };
export const largestZoom = 64;
/** Where the zoom keys stop; between them the wheel goes anywhere. */
const stops = [0.125, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/** From this zoom on a pixel is a square, below it neighbours are blended. */
const sharpFrom = 2;

/** The zoom at which the whole picture is seen as large as it goes. */
export function fitZoom(picture: Size, pane: Size): number {
  const zoom = Math.min(
    pane.width / picture.width,
    pane.height / picture.height,
  );
  return Math.min(largestZoom, Math.max(0.01, zoom));
}

/** Zooming out ends at the fit, or at 1:1 where the pane is larger than that. */
export function smallestZoom(picture: Size, pane: Size): number {
  return Math.min(1, fitZoom(picture, pane));
}

export function zoomOf(view: View, picture: Size, pane: Size): number {
  return view.zoom ?? fitZoom(picture, pane);
}

/** Where the picture lies in the pane; parts outside it are cut off by the painter. */
export function placeOf(view: View, picture: Size, pane: Size): Rect {
  const zoom = zoomOf(view, picture, pane);
  const width = picture.width * zoom;
  const height = picture.height * zoom;
  return {
    x: pane.width / 2 - view.center.x * width,
    y: pane.height / 2 - view.center.y * height,
    width,
    height,
  };
}

/** The part of the rect inside the pane; of size 0 where they do not meet. */
export function visiblePart(rect: Rect, pane: Size): Rect {
  const x = Math.max(0, rect.x);
  const y = Math.max(0, rect.y);
  return {
    x,
    y,
    width: Math.max(0, Math.min(pane.width, rect.x + rect.width) - x),
    height: Math.max(0, Math.min(pane.height, rect.y + rect.height) - y),
  };
}

/** A pane's point as fractions of the picture; null outside it. */
export function fractionAt(rect: Rect, point: Point): Point | null {
  const x = (point.x - rect.x) / rect.width;
  const y = (point.y - rect.y) / rect.height;
  return x >= 0 && x < 1 && y >= 0 && y < 1 ? { x, y } : null;
}

/** The pixel of a picture that holds the fraction, counted from 0 at the top left. */
export function pixelAt(fraction: Point, picture: Size): Point {
  return {
    x: Math.min(picture.width - 1, Math.floor(fraction.x * picture.width)),
    y: Math.min(picture.height - 1, Math.floor(fraction.y * picture.height)),
  };
}

/** Multiplies the zoom and keeps what lies under `point` under it. */
export function zoomAt(
  view: View,
  factor: number,
  point: Point,
  picture: Size,
  pane: Size,
): View {
  const before = zoomOf(view, picture, pane);
  const zoom = Math.min(
    largestZoom,
    Math.max(smallestZoom(picture, pane), before * factor),
  );
  if (zoom === before) return view;
  const rect = placeOf(view, picture, pane);
  const under = {
    x: (point.x - rect.x) / rect.width,
    y: (point.y - rect.y) / rect.height,
  };
  return clampView(
    {
      zoom,
      center: {
        x: under.x + (pane.width / 2 - point.x) / (picture.width * zoom),
        y: under.y + (pane.height / 2 - point.y) / (picture.height * zoom),
      },
    },
    picture,
    pane,
  );
}

/** The next stop in or out, around the middle of the pane. */
export function zoomStop(
  view: View,
  direction: "in" | "out",
  picture: Size,
  pane: Size,
): View {
  const zoom = zoomOf(view, picture, pane);
  const least = smallestZoom(picture, pane);
  const next =
    direction === "in"
      ? (stops.find((stop) => stop > zoom * 1.001) ?? largestZoom)
      : Math.max(least, stops.findLast((stop) => stop < zoom * 0.999) ?? least);
  const middle = { x: pane.width / 2, y: pane.height / 2 };
  return zoomAt(view, next / zoom, middle, picture, pane);
}

/** Moves the picture by so many CSS pixels, as far as its edges allow. */
export function panBy(
  view: View,
  delta: Point,
  picture: Size,
  pane: Size,
): View {
  const zoom = zoomOf(view, picture, pane);
  return clampView(
    {
      zoom: view.zoom,
      center: {
        x: view.center.x - delta.x / (picture.width * zoom),
        y: view.center.y - delta.y / (picture.height * zoom),
      },
    },
    picture,
    pane,
  );
}

/**
 * No edge of the picture comes further in than it lies in the fit; at the fit and below it is centred.
 * Every view that zooming in on a point of the picture leads to is inside these bounds, so that
 * point never slips away under the cursor.
 */
export function clampView(view: View, picture: Size, pane: Size): View {
  const seen = fitZoom(picture, pane) / zoomOf(view, picture, pane);
  return {
    zoom: view.zoom,
    center: {
      x: clampCenter(view.center.x, seen),
      y: clampCenter(view.center.y, seen),
    },
  };
}

function clampCenter(center: number, seen: number): number {
  if (seen >= 1) return 0.5;
  return Math.min(1 - seen / 2, Math.max(seen / 2, center));
}

/** Double click: from the fit to 1:1 around the point, from anywhere else back to the fit. */
export function toggleFit(
  view: View,
  point: Point,
  picture: Size,
  pane: Size,
): View {
  if (view.zoom !== null) return fitted;
  return zoomAt(view, 1 / fitZoom(picture, pane), point, picture, pane);
}

export function isSharp(pixelSize: number): boolean {
  // The fit may land a rounding error below 2.
  return pixelSize >= sharpFrom - 1e-6;
}

/** "308 %", "1:1". */
export function spellZoom(zoom: number): string {
  return Math.abs(zoom - 1) < 1e-6 ? "1:1" : `${Math.round(zoom * 100)} %`;
}

/** Notches of a wheel, pixels of a touchpad and lines of Firefox become one factor. */
export function wheelFactor(deltaY: number, deltaMode: number): number {
  const pixels = deltaMode === 1 ? deltaY * 33 : deltaY;
  return 2 ** (-Math.max(-300, Math.min(300, pixels)) / 300);
}
