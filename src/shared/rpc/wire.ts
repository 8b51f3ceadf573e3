/** The messages of the wire. Bytes of a call, a reply or a frame travel beside them. */
import { z } from "zod";
import { faultSchema } from "../fault";

const id = z.int().min(0);
const name = z.string().max(200);
export const slotSchema = z.string().max(200);

export const clientMessageSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("call"), id, name, request: z.unknown() }),
  z.strictObject({ kind: z.literal("cancel"), id }),
  /** One frame of the slot was painted: another may come. */
  z.strictObject({ kind: z.literal("credit"), id, slot: slotSchema }),
]);

export const serverMessageSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ok"), id, reply: z.unknown() }),
  z.strictObject({
    kind: z.literal("fault"),
    id,
    fault: faultSchema,
    /** The handler gave up because it was cancelled: nothing is wrong. */
    cancelled: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("progress"), id, progress: z.unknown() }),
  z.strictObject({
    kind: z.literal("frame"),
    id,
    slot: slotSchema,
    frame: z.unknown(),
  }),
]);

export type ClientMessage = z.infer<typeof clientMessageSchema>;
export type ServerMessage = z.infer<typeof serverMessageSchema>;

/** Just enough to answer a call that is malformed otherwise. */
export const callIdSchema = z.object({ kind: z.literal("call"), id });
/** Just enough to fail the call whose answer is malformed otherwise. */
export const anyIdSchema = z.object({ id });

export type Parsed<T> =
  | { readonly value: T; readonly problem?: undefined }
  | { readonly problem: string };

/** As safeParse, with a sentence for the first few problems; values nested too deep for the stack are a problem too. */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
): Parsed<z.output<S>> {
  try {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { value: parsed.data };
    return { problem: describe(parsed.error.issues) };
  } catch (error) {
    if (error instanceof RangeError) return { problem: "nested too deep" };
    throw error;
  }
}

function describe(issues: readonly z.core.$ZodIssue[]): string {
  const shown = issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  return shown.join("; ").slice(0, 1000);
}
