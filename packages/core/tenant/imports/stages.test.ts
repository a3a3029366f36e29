import fc from "fast-check";
import { expect, test } from "vitest";
import { events, isWorking, type StageEvent, type State, states, transition } from "./stages.ts";

const ended: readonly State[] = ["undone", "cancelled", "failed"];
/** In these, rows of the file may be among the items. */
const written: readonly State[] = ["running", "paused", "done", "undoing"];
const anyEvents = fc.array(fc.constantFrom(...events), { maxLength: 40 });

const follow = (happened: readonly StageEvent[]): State[] => {
  const path: State[] = ["waiting"];
  for (const event of happened) path.push(transition(path.at(-1) ?? "waiting", event) ?? path.at(-1) ?? "waiting");
  return path;
};

/** The states that can be reached from one, itself included, by these events alone. */
function reachable(from: State, by: readonly StageEvent[]): ReadonlySet<State> {
  const found = new Set([from]);
  for (const state of found) {
    for (const event of by) {
      const next = transition(state, event);
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

test("every state can be reached, and from every one an import can come to an end", () => {
  expect([...reachable("waiting", events)].toSorted()).toEqual([...states].toSorted());
  for (const state of states)
    expect(
      [...reachable(state, events)].some((next) => ended.includes(next)),
      state,
    ).toBe(true);
});

test("work that only succeeds, and work that only fails, comes to rest", () => {
  for (const state of states) {
    for (const outcome of ["finish", "fail"] as const) {
      let at = state;
      for (let turn = 0; turn < states.length && isWorking(at); turn++) {
        at = transition(at, at === "waiting" && outcome === "finish" ? "begin" : outcome) ?? at;
      }
      expect({ state, outcome, at, resting: !isWorking(at) }).toMatchObject({ resting: true });
    }
  }
});

test("whatever happens in whatever order, nothing is written unchecked, and what was written can be undone", () => {
  fc.assert(
    fc.property(anyEvents, (happened) => {
      const path = follow(happened);
      const firstWritten = path.findIndex((state) => written.includes(state));
      if (firstWritten === -1) return;
      expect(path.slice(0, firstWritten)).toContain("checked");
      const after = path.slice(firstWritten);
      expect(after.every((state) => written.includes(state) || state === "undone")).toBe(true);
      if (after.at(-1) !== "undone") expect([...reachable(after.at(-1) ?? "done", events)]).toContain("undone");
    }),
  );
});

test("what has ended stays ended", () => {
  for (const state of ended) for (const event of events) expect(transition(state, event)).toBeUndefined();
});
