import { DomainError } from "@pharmasight/core/kernel/errors";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { shellFor } from "../shell.ts";

/** Leads to the first of the settings that somebody may open. */
export const settings = new Hono<EdgeEnv>().get("/", async (c) => {
  const { settings: tabs } = await shellFor(c, await member(c));
  const [first] = tabs;
  if (first === undefined) {
    throw new DomainError("forbidden", "Your role has no settings to change. Ask the owner if you need to.");
  }
  return c.redirect(first.href, 302);
});
