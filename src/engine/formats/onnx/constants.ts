/** Small questions about constants. */
import type { Constant } from "../lowering/index";

/** Whether all values hold (true), none does (false), or some do (null). */
export function uniform({ data }: Constant): boolean | null {
  const first = data[0] !== 0;
  for (let i = 1; i < data.length; i++)
    if ((data[i] !== 0) !== first) return null;
  return data.length === 0 ? null : first;
}
