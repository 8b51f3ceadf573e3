import type { Contrast } from "../../../shared/domain";
import type { Picture } from "../../../shared/pictures";
import { drawPicture, type Drawable } from "./drawable";

/** Drawables of pictures seen lately; a picture that is let go takes its drawables with it. */
export class DrawableCache {
  readonly #drawn = new WeakMap<
    Picture,
    { contrast: Contrast; drawable: Drawable }
  >();

  get(picture: Picture | null, contrast: Contrast): Drawable | null {
    if (!picture) return null;
    const known = this.#drawn.get(picture);
    if (known?.contrast === contrast) return known.drawable;
    const drawable = drawPicture(picture, contrast);
    this.#drawn.set(picture, { contrast, drawable });
    return drawable;
  }
}
