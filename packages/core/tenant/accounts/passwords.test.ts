import fc from "fast-check";
import { expect, test } from "vitest";
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, passwordErrors } from "./passwords.ts";

const about = ["Amina Otieno", "amina.o@goodhealth.example", "a.otieno", "Good Health Chemist"];
const fieldsOf = (password: string, again = password) => Object.keys(passwordErrors(password, again, about));

test.each([
  ["correct horse battery"],
  ["Tr0ub4dor&3-and-more"],
  ["jambo rafiki yangu mpendwa"],
  ["密码真的很长很长很长很长吗是"],
  ["x7!".concat("q9#Lm2$Vb8")],
])("%s is good", (password) => expect(fieldsOf(password)).toEqual([]));

test.each([
  ["elevenchars", "shorter than twelve"],
  ["😀".repeat(11), "eleven characters, however they are encoded"],
  ["x1".concat("long words ".repeat(12)), "longer than 128"],
  ["Amina loves green tea", "the name"],
  ["my-ÓTIENO-is-best", "the name with an accent"],
  ["chemist of the river", "the pharmacy"],
  ["g-o-o-d-health now", "the pharmacy, spelled out"],
  ["abcabcabcabcabc", "a repetition"],
  ["aaaaaaaaaaaaaaa", "one letter"],
  ["correct horse correct horse ", "twice the same"],
  ["123456789012", "digits in a row"],
  ["ponmlkjihgfedcb", "the alphabet backwards"],
  ["Qwertyuiopasdf", "a row of keys"],
  ["Password-1234", "notorious"],
  ["correct-horse-battery-staple", "notorious"],
])("%s is refused: %s", (password) => expect(fieldsOf(password)).toEqual(["password"]));

test("the second time must be the same", () => {
  expect(fieldsOf("correct horse battery", "correct horse batterY")).toEqual(["passwordAgain"]);
});

test("whatever is typed is answered, and only by these two fields; random ones of good length are taken", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (password) => {
      for (const field of fieldsOf(password)) expect(["password", "passwordAgain"]).toContain(field);
    }),
  );
  const letters = fc.constantFrom(..."bcdfghjkmnpqrstvwxz23456789");
  const random = fc.array(letters, { minLength: PASSWORD_LENGTH_MIN + 4, maxLength: PASSWORD_LENGTH_MAX });
  fc.assert(
    fc.property(random, (characters) => {
      fc.pre(new Set(characters).size > 8);
      expect(fieldsOf(characters.join(""))).toEqual([]);
    }),
  );
});
