import { expect, test } from "vitest";
import { constraintOf, sqlStateOf } from "./sqlstate.ts";

const failed = (fields: object) => Object.assign(new Error("failed"), fields);

test("only an error of Postgres has an SQLSTATE", () => {
  expect(sqlStateOf(failed({ code: "23505" }))).toBe("23505");
  expect(sqlStateOf(failed({ code: "P0001" }))).toBe("P0001");
  for (const error of [
    failed({ code: "EPIPE" }),
    failed({ code: "CONNECTION_CLOSED" }),
    failed({}),
    { code: "23505" },
    null,
  ]) {
    expect(sqlStateOf(error)).toBeUndefined();
  }
});

test("the constraint that refused a row is known by name", () => {
  expect(constraintOf(failed({ constraint_name: "users_email_key" }))).toBe("users_email_key");
  expect(constraintOf(failed({}))).toBeUndefined();
});
