import { functions } from "@pharmasight/functions/manifest";
import * as z from "zod";
import { invoke, loadFunction } from "./lambda.ts";

const foundSchema = z.object({ behind: z.number() });

/** What a deployment of the code runs first: here it is each start. Says how many pharmacies wait for a newer schema. */
export async function announceRelease(log: (line: string) => void): Promise<void> {
  const fn = await loadFunction("migrate-control", functions.migrateControl);
  const { behind } = foundSchema.parse(await invoke(fn, {}));
  if (behind === 0) return;
  const who = behind === 1 ? "1 pharmacy has" : `${behind} pharmacies have`;
  log(`${who} an older schema: npm run fleet -- deploy --reason "…"`);
}
