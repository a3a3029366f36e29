import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { TenantHealth } from "@pharmasight/core/tenant/health/health";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { visitor } from "../../door.ts";

/** Reaching this route means that the process runs and the registry answered; `?deep=1` asks the database too. */
export const health = new Hono<EdgeEnv>().get("/", async (c) => {
  const { config } = await tenantPlatform();
  const isDeep = c.req.query("deep") === "1";
  if (isDeep) await TenantHealth.askDatabase(await visitor(c));
  return c.json({ status: "ok", version: config.VERSION, checked: isDeep ? ["registry", "database"] : ["registry"] });
});
