/**
 * The steps of an import. `waiting`, `reading`, `checking`, `running` and `undoing` work in the background; in the others
 * it waits for a person or has ended. Nothing is written to items before `running`.
 */
export const states = [
  "waiting",
  "reading",
  "mapping",
  "checking",
  "checked",
  "running",
  "paused",
  "done",
  "undoing",
  "undone",
  "cancelled",
  "failed",
] as const;
export type State = (typeof states)[number];

/**
 * `finish`: the work of the step is done. `fail`: it cannot be. `fall_back`: another sheet cannot be read, and the one
 * before stays. Everything else is a person's wish.
 */
export const events = [
  "begin",
  "finish",
  "fail",
  "fall_back",
  "read_again",
  "check",
  "back",
  "run",
  "pause",
  "resume",
  "keep",
  "undo",
  "cancel",
] as const;
export type StageEvent = (typeof events)[number];

/*
 * A step that fails falls back to one where the person can go on or go back: only a file that cannot be read ends an
 * import. What was written can always be undone, and what was not is cancelled.
 */
const transitions: Readonly<Record<State, Readonly<Partial<Record<StageEvent, State>>>>> = {
  waiting: { begin: "reading", fall_back: "mapping", cancel: "cancelled", fail: "failed" },
  reading: { finish: "mapping", fall_back: "mapping", cancel: "cancelled", fail: "failed" },
  mapping: { read_again: "waiting", check: "checking", cancel: "cancelled" },
  checking: { finish: "checked", back: "mapping", cancel: "cancelled", fail: "mapping" },
  checked: { back: "mapping", run: "running", cancel: "cancelled" },
  running: { finish: "done", pause: "paused", keep: "done", undo: "undoing", fail: "paused" },
  paused: { resume: "running", keep: "done", undo: "undoing" },
  done: { undo: "undoing" },
  undoing: { finish: "undone", fail: "done" },
  undone: {},
  cancelled: {},
  failed: {},
};

/** Where an event leads from a state; undefined when it has no place there. */
export const transition = (state: State, event: StageEvent): State | undefined => transitions[state][event];

const working: ReadonlySet<State> = new Set(["waiting", "reading", "checking", "running", "undoing"] as const);

/** Whether the background has something to do. */
export const isWorking = (state: State): boolean => working.has(state);
