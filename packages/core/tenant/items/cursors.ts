import * as z from "zod";
import { invalidInput } from "../../kernel/errors.ts";
import { parseJson } from "../../kernel/json.ts";

/** The place in a list after which the next page begins. `similar`: the list was one of look-alikes. */
const cursorSchema = z.object({
  similar: z.boolean(),
  rank: z.number().int().min(0).max(1000),
  key: z
    .string()
    .max(400)
    .regex(/^\P{Cc}*$/u),
  id: z.uuid(),
});
export type Cursor = Readonly<z.infer<typeof cursorSchema>>;

export const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString("base64url");

/** @throws DomainError `invalid_input` for anything that `writeCursor` did not write */
export function readCursor(text: string): Cursor {
  const cursor = cursorSchema.safeParse(parseJson(Buffer.from(text.slice(0, 1000), "base64url").toString()));
  if (!cursor.success)
    throw invalidInput("This page does not exist. Begin with the first one.", { after: "Leave it out." });
  return cursor.data;
}
