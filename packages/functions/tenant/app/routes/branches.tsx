import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Limits } from "@pharmasight/core/tenant/limits/limits";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { BranchPage } from "@pharmasight/views/tenant/branch.tsx";
import { type BranchValues, emptyBranch } from "@pharmasight/views/tenant/branch-fields.tsx";
import { BranchesPage } from "@pharmasight/views/tenant/branches.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { readMemberForm } from "../../forms.ts";
import { branchInput, branchRow, branchValues, newSeriesRows, readBranch, seriesRows } from "../branch-form.ts";
import { shellFor } from "../shell.ts";

export const branches = new Hono<EdgeEnv>();

branches.get("/", async (c) => {
  const tenant = await member(c);
  const all = await Branches.listAll(tenant);
  const done = (["added", "saved", "archived", "restored"] as const).find((name) => name === c.req.query("done"));
  return c.html(
    <BranchesPage
      shell={await shellFor(c, tenant)}
      branches={all.map(branchRow)}
      {...(done === undefined ? {} : { done })}
    />,
  );
});

branches.get("/new", async (c) => {
  const tenant = await member(c, "work");
  Permissions.requireEverywhere(tenant.actor, "branches.manage");
  return c.html(await newPage(c, tenant, emptyBranch, {}));
});

branches.post("/", async (c) => {
  const tenant = await member(c);
  const values = readBranch(await readMemberForm(c, tenant));
  try {
    await Branches.add(tenant, branchInput(values));
    return c.redirect("/settings/branches?done=added", 303);
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    const isNoMistake = error.code === "conflict" || error.code === "limit_reached";
    return c.html(await newPage(c, tenant, values, error.fields), isNoMistake ? 409 : 422);
  }
});

branches.get("/:id", async (c) =>
  c.html(await branchPage(c, await member(c), { isSetup: c.req.query("setup") === "1" })),
);

branches.post("/:id", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const values = readBranch(form);
  const isSetup = form.text("setup") === "1";
  try {
    await Branches.change(tenant, c.req.param("id"), branchInput(values));
    return c.redirect(isSetup ? "/setup/branches" : "/settings/branches?done=saved", 303);
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    const state = { values, errors: error.fields, isSetup };
    return c.html(await branchPage(c, tenant, state), error.code === "conflict" ? 409 : 422);
  }
});

branches.post("/:id/archive", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  try {
    await Branches.archive(tenant, c.req.param("id"));
    return c.redirect("/settings/branches?done=archived", 303);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "conflict") throw error;
    return c.html(await branchPage(c, tenant, { refusal: error.message }), 409);
  }
});

branches.post("/:id/restore", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  try {
    await Branches.restore(tenant, c.req.param("id"));
    return c.redirect("/settings/branches?done=restored", 303);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "limit_reached") throw error;
    return c.html(await branchPage(c, tenant, { refusal: error.message }), 409);
  }
});

async function newPage(c: EdgeContext, tenant: TenantScope<Member>, values: BranchValues, errors: FieldErrors) {
  const shell = await shellFor(c, tenant);
  const noRoom = Object.keys(errors).length === 0 ? await Limits.noRoom(tenant, "branches") : undefined;
  return (
    <BranchPage
      shell={shell}
      series={newSeriesRows(values.code)}
      values={values}
      errors={errors}
      isSetup={false}
      {...(noRoom === undefined ? {} : { refusal: noRoom })}
    />
  );
}

interface PageState {
  readonly values?: BranchValues;
  readonly errors?: FieldErrors;
  readonly refusal?: string;
  readonly isSetup?: boolean;
}

async function branchPage(
  c: EdgeContext,
  tenant: TenantScope<Member>,
  { values, errors = {}, refusal, isSetup = false }: PageState,
) {
  const branch = await Branches.get(tenant, c.req.param("id") ?? "");
  const { id, name, isHeadquarters, isCodeFixed, peopleCount, archivedAt } = branch;
  return (
    <BranchPage
      shell={await shellFor(c, tenant)}
      branch={{ id, name, isHeadquarters, isCodeFixed, peopleCount, isArchived: archivedAt !== null }}
      series={seriesRows(branch.code, branch.series)}
      values={values ?? branchValues(branch)}
      errors={errors}
      isSetup={isSetup}
      {...(refusal === undefined ? {} : { refusal })}
    />
  );
}
