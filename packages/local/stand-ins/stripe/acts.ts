import * as z from "zod";
import { type Call, parseJson, type Reply } from "../http.ts";
import { deleteCustomer } from "./customers.ts";
import { closeDispute, dispute } from "./disputes.ts";
import { type EventFaults, eventFaultSchema } from "./event-faults.ts";
import { expireCard } from "./payment-methods.ts";
import type { World } from "./world.ts";

/**
 * What happens to Stripe that no call of its API makes happen: `POST /_acts` with one of these as JSON, for a person or
 * a test in another process.
 */
const act = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("advance"), seconds: z.int().min(1) }),
  z.strictObject({ kind: z.literal("expire_card"), paymentMethod: z.string() }),
  z.strictObject({ kind: z.literal("dispute"), charge: z.string() }),
  z.strictObject({ kind: z.literal("close_dispute"), dispute: z.string(), status: z.enum(["won", "lost"]) }),
  z.strictObject({ kind: z.literal("delete_customer"), customer: z.string() }),
  z.strictObject({ kind: z.literal("add_event_faults"), faults: z.array(eventFaultSchema) }),
  z.strictObject({ kind: z.literal("clear_event_faults") }),
  z.strictObject({ kind: z.literal("deliver_all") }),
]);
type Act = z.output<typeof act>;

/** What the acts are done with. */
export interface Stage {
  readonly advance: (seconds: number) => void;
  readonly faults: EventFaults;
  readonly deliverAll: () => Promise<void>;
  /** Changes the world as a whole. */
  readonly change: (run: (world: World) => unknown) => void;
}

/** @throws Refusal for an id that nobody knows */
export async function perform(stage: Stage, call: Call): Promise<Reply> {
  const asked = act.safeParse(parseJson(call.body));
  if (call.method !== "POST" || !asked.success) {
    return { status: 400, body: { message: "POST an act as JSON.", issues: asked.error?.issues } };
  }
  await play(stage, asked.data);
  return { status: 200, body: {} };
}

async function play(stage: Stage, asked: Act): Promise<void> {
  switch (asked.kind) {
    case "advance":
      return stage.advance(asked.seconds);
    case "expire_card":
      return stage.change((world) => expireCard(world, asked.paymentMethod));
    case "dispute":
      return stage.change((world) => dispute(world, asked.charge));
    case "close_dispute":
      return stage.change((world) => closeDispute(world, asked.dispute, asked.status));
    case "delete_customer":
      return stage.change((world) => deleteCustomer(world, asked.customer));
    case "add_event_faults":
      return stage.faults.add(...asked.faults);
    case "clear_event_faults":
      return stage.faults.clear();
    case "deliver_all":
      return stage.deliverAll();
  }
}
