import type { Member } from "@pharmasight/core/tenant/actors";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { type Permission, Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { type Figures, Overview } from "@pharmasight/core/tenant/setup/overview";
import { type Progress, Setup } from "@pharmasight/core/tenant/setup/setup";
import { DashboardPage, type DashboardPageProps } from "@pharmasight/views/tenant/dashboard.tsx";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { importRow } from "../presentation.ts";
import { shellFor } from "../shell.ts";
import { stepList } from "./setup.tsx";

export const dashboard = new Hono<EdgeEnv>().get("/", async (c) => {
  const tenant = await member(c);
  const progress = tenant.mayWork && Setup.mayManage(tenant.actor) ? await Setup.progress(tenant) : undefined;
  // The owner of a new pharmacy begins with its steps. Once one was touched, or all were put off, this is over.
  if (progress?.isFresh && tenant.actor.role === "owner") return c.redirect("/setup", 302);
  const figures = await Overview.figures(tenant);
  const mayImport = Permissions.may(tenant.actor, "items.import");
  const recent = mayImport ? await Imports.recent(tenant) : [];
  return c.html(
    <DashboardPage
      shell={await shellFor(c, tenant)}
      subtitle={figures.headquarters}
      figures={linkedFigures(tenant, figures)}
      mayImport={tenant.mayWork && mayImport}
      mayAddItems={tenant.mayWork && Permissions.may(tenant.actor, "items.edit")}
      recentImports={recent.map(importRow)}
      {...checklistOf(progress)}
    />,
  );
});

/** The numbers, each with a link for whom the page behind it opens. */
function linkedFigures(tenant: TenantScope<Member>, figures: Figures): DashboardPageProps["figures"] {
  const { items, itemsWithoutTaxClass, branches, people } = figures;
  const link = (permission: Permission, href: string) => (Permissions.may(tenant.actor, permission) ? { href } : {});
  return {
    ...(items === undefined ? {} : { items: { count: items } }),
    ...(itemsWithoutTaxClass === undefined
      ? {}
      : { waiting: { count: itemsWithoutTaxClass, ...link("items.edit", "/items?filter=no_tax_class") } }),
    branches: { count: branches, ...link("branches.manage", "/settings/branches") },
    ...(people === undefined ? {} : { people: { count: people, ...link("people.view", "/settings/people") } }),
  };
}

const labels = {
  company: "Complete your company’s profile",
  branches: "Add your branches",
  people: "Invite your people",
  items: "Import your items",
} as const;

/** The steps until all are done, or somebody took the list away. */
function checklistOf(progress: Progress | undefined): Pick<DashboardPageProps, "checklist"> | Record<string, never> {
  if (progress === undefined || progress.isDismissed) return {};
  const steps = stepList(progress);
  if (steps.every(({ state }) => state === "done")) return {};
  return {
    checklist: {
      entries: steps.map(({ name, state }) => ({ label: labels[name], href: `/setup/${name}`, state })),
      mayDismiss: Setup.isOver(progress),
    },
  };
}
