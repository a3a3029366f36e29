import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { desk } from "../desk.ts";
import { plansPage } from "../plans-page.tsx";

export const plans = new Hono<EdgeEnv>();

plans.get("/", async (c) => c.html(await plansPage(c, await desk(c))));
