import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { ImportHistoryPage } from "@pharmasight/views/tenant/import-history.tsx";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { pastImport } from "../import-presentation.ts";
import { shellFor } from "../shell.ts";

const PATH = "/settings/imports";

export const importHistory = new Hono<EdgeEnv>().get("/", async (c) => {
  const tenant = await member(c);
  const after = c.req.query("after");
  const { imports, next } = await Imports.list(tenant, after);
  return c.html(
    <ImportHistoryPage
      shell={await shellFor(c, tenant)}
      imports={imports.map((run) => pastImport(run, Imports.maySeeRows(tenant.actor, run)))}
      {...(next === undefined ? {} : { next: `${PATH}?after=${next}` })}
      {...(after === undefined ? {} : { previous: PATH })}
    />,
  );
});
