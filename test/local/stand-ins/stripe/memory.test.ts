import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Memory } from "@pharmasight/local/stand-ins/stripe/memory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Scratch, scratchFolder } from "../world.ts";

let scratch: Scratch;
let file: string;

beforeEach(async () => {
  scratch = await scratchFolder();
  file = scratch.path("stripe.json");
});
afterEach(() => scratch.remove());

const open = () => new Memory(file, { apiKey: "k", offsetSeconds: 0 });
const facts = (memory: Memory) => memory.rows("facts");

test("what a request changed is there after a restart, as a whole", () => {
  const memory = open();
  memory.attempt(() => {
    memory.put("facts", "a", { n: "1" });
    memory.put("facts", "b", { n: "2" });
    memory.put("facts", "a", { n: "3" });
  });
  memory.attempt(() => memory.remove("facts", "b"));
  expect(facts(open())).toEqual([{ n: "3" }]);
  expect(facts(open())).toEqual([{ n: "3" }]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a line that a crash cut off is as if the request had never come", () => {
  const memory = open();
  memory.attempt(() => memory.put("facts", "a", { n: "1" }));
  const whole = readFileSync(file, "utf8");
  memory.attempt(() => {
    memory.put("facts", "a", { n: "2" });
    memory.put("facts", "b", { n: "2" });
  });
  const line = readFileSync(file, "utf8").slice(whole.length);
  for (let length = 0; length < line.length; length += 1) {
    writeFileSync(file, whole + line.slice(0, length));
    expect(facts(open())).toEqual([{ n: "1" }]);
  }
});

test("a refused request leaves nothing, here and in the file, unless its error keeps what it did", () => {
  const memory = open();
  memory.attempt(() => memory.put("facts", "a", { n: "1" }));
  const refused = (keeps: boolean) => () =>
    memory.attempt(
      () => {
        memory.put("facts", "a", { n: "2" });
        memory.put("facts", "b", { n: "2" });
        memory.remove("facts", "a");
        throw new Error("refused");
      },
      () => keeps,
    );
  expect(refused(false)).toThrow("refused");
  expect(facts(memory)).toEqual([{ n: "1" }]);
  expect(facts(open())).toEqual([{ n: "1" }]);
  expect(refused(true)).toThrow("refused");
  expect(facts(memory)).toEqual([{ n: "2" }]);
  expect(facts(open())).toEqual([{ n: "2" }]);
});

test("nobody changes what is kept but by keeping something else", () => {
  const memory = open();
  const mine = { n: "1" };
  const kept = memory.put("facts", "a", mine);
  mine.n = "2";
  expect(memory.find("facts", "a")).toEqual({ n: "1" });
  expect(() => Object.assign(kept, { n: "3" })).toThrow("read only");
});

test("a file of another kind, and one that was damaged, are named instead of read", () => {
  writeFileSync(file, '{\n "apiKey": "k",\n "customers": []\n}\n');
  expect(open).toThrow(`${file} is not readable as the state of a stand-in`);
  writeFileSync(file, "");
  expect(open).toThrow("delete it to start without");
  writeFileSync(file, "x");
  expect(open).toThrow("delete it to start without");
  const other = scratch.path("other.json");
  new Memory(other, { apiKey: "k", offsetSeconds: 0 });
  appendFileSync(other, '[["planets","mars",{}]]\n');
  expect(() => new Memory(other, { apiKey: "k", offsetSeconds: 0 })).toThrow("delete it to start without");
});
