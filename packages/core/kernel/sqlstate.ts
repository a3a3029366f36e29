/**
 * What a database error says, without knowing the driver: core recognises a lost race or a broken rule by it.
 * Codes: https://www.postgresql.org/docs/17/errcodes-appendix.html
 */

/** No class of Postgres begins with another letter, so that `EPIPE` and its like are not taken for one. */
const SQLSTATE = /^[0-9FHPX][0-9A-Z]{4}$/;

export const UNIQUE_VIOLATION = "23505";

/** The five characters that Postgres gives an error, or undefined when it did not come from Postgres. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = textOf(error, "code");
  return code !== undefined && SQLSTATE.test(code) ? code : undefined;
}

/** The name of the constraint or unique index that refused a row. */
export function constraintOf(error: unknown): string | undefined {
  return textOf(error, "constraint_name");
}

function textOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const value: unknown = Reflect.get(error, field);
  return typeof value === "string" ? value : undefined;
}
