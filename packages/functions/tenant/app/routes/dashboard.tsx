import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import { DashboardPage } from "@pharmasight/views/tenant/dashboard.tsx";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { importRow } from "../presentation.ts";
import { shellFor } from "../shell.ts";

export const dashboard = new Hono<EdgeEnv>().get("/", async (c) => {
  const tenant = await member(c);
  const shell = await shellFor(c, tenant);
  const itemCount = await Items.count(tenant);
  const branch = await Branches.headquarters(tenant);
  const recent = await Imports.recent(tenant);
  const checklist = [
    { label: "Set your pharmacy up", href: "/", done: true },
    { label: "Bring your items", href: "/items/import", done: itemCount > 0 },
  ];
  return c.html(
    <DashboardPage
      shell={shell}
      itemCount={itemCount}
      branchName={branch.name}
      checklist={checklist}
      recentImports={recent.map(importRow)}
    />,
  );
});
