import { emptyItemForm } from "@pharmasight/views/tenant/item-form.tsx";
import { expect, test } from "vitest";
import { mergeForms } from "./item-form.ts";

const seen = { ...emptyItemForm, name: "Amoxicillin", retailPrice: "4.20", strength: "500 mg", taxClass: "exempt" };

test("what a person typed stays, what they left alone shows what it is now, and every change of the other is told", () => {
  const typed = { ...seen, retailPrice: "4.50", form: "Capsule", brandNames: "Amoxil" };
  const current = { ...seen, retailPrice: "4.80", taxClass: "zero_rated", isColdChain: true, brandNames: "Amoxil" };
  const { values, meanwhile } = mergeForms(seen, typed, current);
  expect(values).toEqual({ ...typed, taxClass: "zero_rated", isColdChain: true });
  expect(meanwhile).toEqual([
    { label: "Brands", was: "", now: "Amoxil", keepsYours: false },
    { label: "Price of the smallest unit", was: "4.20", now: "4.80", keepsYours: true },
    { label: "Tax class", was: "Exempt", now: "Zero-rated", keepsYours: false },
    { label: "Keep cold", was: "no", now: "yes", keepsYours: false },
  ]);
});
