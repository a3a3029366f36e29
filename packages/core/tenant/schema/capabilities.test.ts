import { expect, test } from "vitest";
import { isSupported } from "./capabilities.ts";

test.each([
  { version: 15, known: 20, supported: false, why: "the database has it not yet" },
  { version: 16, known: 16, supported: true, why: "both are there" },
  { version: 20, known: 16, supported: true, why: "what came later takes nothing away that this code needs" },
  { version: 20, known: 15, supported: false, why: "the code was written before it" },
])("a capability of version 16 in a database at $version, by code that knows $known: $why", (given) => {
  const code = { required: 13, known: given.known };
  expect(isSupported("itemSearchWords", given.version, code)).toBe(given.supported);
});
