import { DomainError, notFound } from "@pharmasight/core/kernel/errors";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Company } from "@pharmasight/core/tenant/company/company";
import { Limits } from "@pharmasight/core/tenant/limits/limits";
import { Invitations } from "@pharmasight/core/tenant/people/invitations";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Overview } from "@pharmasight/core/tenant/setup/overview";
import { type Progress, Setup, type Step, steps } from "@pharmasight/core/tenant/setup/setup";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { type BranchValues, emptyBranch } from "@pharmasight/views/tenant/branch-fields.tsx";
import type { CompanyValues } from "@pharmasight/views/tenant/company-fields.tsx";
import { emptyInvite, type InviteValues } from "@pharmasight/views/tenant/invite-fields.tsx";
import { SetupBranchesPage } from "@pharmasight/views/tenant/setup-branches.tsx";
import { SetupCompanyPage } from "@pharmasight/views/tenant/setup-company.tsx";
import { SetupDonePage } from "@pharmasight/views/tenant/setup-done.tsx";
import { SetupItemsPage } from "@pharmasight/views/tenant/setup-items.tsx";
import type { SetupStep } from "@pharmasight/views/tenant/setup-layout.tsx";
import { SetupPeoplePage, type SetupPeoplePageProps } from "@pharmasight/views/tenant/setup-people.tsx";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { ownOrigin } from "../../../http/addresses.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { rolesInWords } from "../../roles.ts";
import { branchInput, branchRow, readBranch } from "../branch-form.ts";
import { chosenLogo, companyFields, companyValues, readCompany, savedInstead, seenAt } from "../company-form.ts";
import { inviteOf, readInvite, roleOptions } from "../invite-form.ts";
import { logoPath, shellFor } from "../shell.ts";

/** What the steps are called. */
const stepTitles: Readonly<Record<Step, string>> = {
  company: "Company",
  branches: "Branches",
  people: "People",
  items: "Items",
};

/** Whoever may not set the pharmacy up is led to their overview; nobody sets up one that is paused. */
const managersOnly = createMiddleware<EdgeEnv>(async (c, next) => {
  if (!Setup.mayManage((await member(c, "work")).actor)) return c.redirect("/", 302);
  return next();
});

export const setup = new Hono<EdgeEnv>();
setup.use(managersOnly);

setup.get("/", async (c) => {
  const first = Setup.firstOpen(await Setup.progress(await member(c)));
  return c.redirect(first === undefined ? "/setup/done" : `/setup/${first}`, 302);
});

setup.post("/later", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  await Setup.postpone(tenant);
  return c.redirect("/", 303);
});

setup.post("/checklist/dismiss", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  await Setup.dismissChecklist(tenant);
  return c.redirect("/", 303);
});

setup.get("/company", async (c) => c.html(await companyPage(c, await member(c), {})));

setup.post("/company", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const values = readCompany(form);
  try {
    await Company.change(tenant, { profile: values, logo: await chosenLogo(form), seenAt: seenAt(values) });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (Object.keys(error.fields).length > 0)
      return c.html(await companyPage(c, tenant, { values, errors: error.fields }), 422);
    if (error.code !== "conflict") throw error;
    return c.html(await companyPage(c, tenant, { values, isLate: true }), 409);
  }
  await Setup.mark(tenant, "company", "done");
  return c.redirect(after("company"), 303);
});

setup.get("/branches", async (c) => {
  const added = c.req.query("added")?.slice(0, 255);
  return c.html(await branchesPage(c, await member(c), added === undefined ? {} : { added }));
});

setup.post("/branches", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const values = readBranch(form);
  const isBlank = [values.name, values.code, values.phone, values.address].every((text) => text.trim() === "");
  try {
    if (!isBlank) await Branches.add(tenant, branchInput(values));
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    const page = await branchesPage(c, tenant, { values, errors: error.fields });
    return c.html(page, error.code === "conflict" || error.code === "limit_reached" ? 409 : 422);
  }
  const added = isBlank ? "" : `?${new URLSearchParams({ added: values.name.trim() })}`;
  if (wantsAnother(form)) return c.redirect(`/setup/branches${added}`, 303);
  await Setup.mark(tenant, "branches", "done");
  return c.redirect(after("branches"), 303);
});

setup.get("/people", async (c) => {
  const sentTo = c.req.query("sent")?.slice(0, 255);
  return c.html(await peoplePage(c, await member(c), sentTo === undefined ? {} : { sentTo }));
});

// A link for somebody without mail is in the answer itself: in an address or a cookie it would be kept.
setup.post("/people", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const values = readInvite(form, await Branches.list(tenant));
  const isBlank = [values.name, values.email, values.username].every((text) => text.trim() === "");
  if (!isBlank) {
    try {
      const { id, link } = await Invitations.invite(tenant, inviteOf(values));
      if (link !== undefined) {
        if (!wantsAnother(form)) await Setup.mark(tenant, "people", "done");
        return c.html(await peoplePage(c, tenant, { link: await handedLink(c, tenant, id, link) }), 201);
      }
    } catch (error) {
      if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
      const page = await peoplePage(c, tenant, { values, errors: error.fields });
      return c.html(page, error.code === "conflict" ? 409 : error.code === "forbidden" ? 403 : 422);
    }
  }
  const sent = isBlank ? "" : `?${new URLSearchParams({ sent: values.name.trim() })}`;
  if (wantsAnother(form)) return c.redirect(`/setup/people${sent}`, 303);
  await Setup.mark(tenant, "people", "done");
  return c.redirect(after("people"), 303);
});

setup.get("/items", async (c) => c.html(await itemsPage(c, await member(c))));

setup.post("/items", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  try {
    await Setup.mark(tenant, "items", "done");
    return c.redirect(after("items"), 303);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "conflict") throw error;
    return c.html(await itemsPage(c, tenant, error.message), 409);
  }
});

setup.get("/done", async (c) => {
  const tenant = await member(c);
  const company = await Company.get(tenant);
  const { branches, people = 1, items = 0, itemsWithoutTaxClass = 0 } = await Overview.figures(tenant);
  const shell = await shellFor(c, tenant);
  return c.html(
    <SetupDonePage
      shell={shell}
      steps={stepList(await Setup.progress(tenant))}
      company={{
        name: company.name,
        ...(company.logoDigest === null ? {} : { logoUrl: logoPath(company.logoDigest) }),
      }}
      branchCount={branches}
      peopleCount={people}
      invitedCount={Permissions.may(tenant.actor, "people.view") ? await Invitations.countWaiting(tenant) : 0}
      itemCount={items}
      waitingCount={itemsWithoutTaxClass}
    />,
  );
});

setup.post("/:step/skip", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  const step = steps.find((name) => name === c.req.param("step"));
  if (step === undefined) throw notFound("step");
  await Setup.mark(tenant, step, "skipped");
  return c.redirect(after(step), 303);
});

/** The steps with how far each is, for the head of a page and for the checklist. */
export const stepList = ({ states }: Progress): (SetupStep & { readonly name: Step })[] =>
  steps.map((name) => ({ name, title: stepTitles[name], state: states[name] }));

/** Where going on leads: through the steps in their order, so that whoever goes back finds their way. */
function after(step: Step): string {
  const next = steps[steps.indexOf(step) + 1];
  return next === undefined ? "/setup/done" : `/setup/${next}`;
}

const wantsAnother = (form: PostedForm): boolean => form.text("go") === "another";

interface CompanyState {
  readonly values?: CompanyValues;
  readonly errors?: FieldErrors;
  /** Somebody else saved meanwhile. */
  readonly isLate?: boolean;
}

async function companyPage(c: EdgeContext, tenant: TenantScope<Member>, { values, errors, isLate }: CompanyState) {
  const saved = await Company.get(tenant);
  const savedValues = companyValues(saved);
  const shown = isLate && values !== undefined ? { ...values, seenAt: savedValues.seenAt } : values;
  return (
    <SetupCompanyPage
      shell={await shellFor(c, tenant)}
      steps={stepList(await Setup.progress(tenant))}
      {...companyFields(saved, shown ?? savedValues, errors ?? {})}
      {...(isLate && values !== undefined ? { savedMeanwhile: savedInstead(savedValues, values) } : {})}
    />
  );
}

interface BranchesState {
  readonly values?: BranchValues;
  readonly errors?: FieldErrors;
  readonly added?: string;
}

async function branchesPage(c: EdgeContext, tenant: TenantScope<Member>, { values, errors, added }: BranchesState) {
  const may = Permissions.may(tenant.actor, "branches.manage");
  const all = may ? await Branches.listAll(tenant) : [];
  return (
    <SetupBranchesPage
      shell={await shellFor(c, tenant)}
      steps={stepList(await Setup.progress(tenant))}
      branches={all.filter(({ archivedAt }) => archivedAt === null).map(branchRow)}
      values={values ?? emptyBranch}
      errors={errors ?? {}}
      may={may}
      {...(added === undefined ? {} : { added })}
      {...withReason(values === undefined ? await Limits.noRoom(tenant, "branches") : undefined)}
    />
  );
}

/** Said early only: beside what was typed stands why it was refused. */
const withReason = (noRoom: string | undefined) => (noRoom === undefined ? {} : { noRoom });

interface PeopleState {
  readonly values?: InviteValues;
  readonly errors?: FieldErrors;
  readonly sentTo?: string;
  readonly link?: NonNullable<SetupPeoplePageProps["link"]>;
}

async function peoplePage(c: EdgeContext, tenant: TenantScope<Member>, state: PeopleState) {
  const { values, errors, sentTo, link } = state;
  const may = Permissions.may(tenant.actor, "people.manage") && Permissions.may(tenant.actor, "people.view");
  const invitations = may ? await Invitations.list(tenant) : [];
  return (
    <SetupPeoplePage
      shell={await shellFor(c, tenant)}
      steps={stepList(await Setup.progress(tenant))}
      invited={invitations
        .filter((invitation) => invitation.state === "open" || invitation.state === "expired")
        .map((invitation) => ({
          name: invitation.name,
          login: Credentials.shownLogin(invitation),
          role: rolesInWords(invitation),
        }))}
      peopleCount={(await Overview.figures(tenant)).people ?? 1}
      values={values ?? emptyInvite}
      errors={errors ?? {}}
      branches={await Branches.list(tenant)}
      roles={may ? await roleOptions(tenant) : []}
      may={may}
      {...withReason(values === undefined ? await Limits.noRoom(tenant, "users") : undefined)}
      {...(sentTo === undefined ? {} : { sentTo })}
      {...(link === undefined ? {} : { link })}
    />
  );
}

async function handedLink(c: EdgeContext, tenant: TenantScope<Member>, id: string, path: string) {
  const { name, expiresAt } = await Invitations.find(tenant, id);
  const link = `${ownOrigin(new URL(c.req.url).hostname)}${path}`;
  return { name, link, expiresAt, timeZone: tenant.tenant.timeZone };
}

async function itemsPage(c: EdgeContext, tenant: TenantScope<Member>, refusal?: string) {
  const { items = 0 } = await Overview.figures(tenant);
  return (
    <SetupItemsPage
      shell={await shellFor(c, tenant)}
      steps={stepList(await Setup.progress(tenant))}
      itemCount={items}
      may={Permissions.may(tenant.actor, "items.import")}
      mayAdd={Permissions.may(tenant.actor, "items.edit")}
      {...(refusal === undefined ? {} : { refusal })}
    />
  );
}
