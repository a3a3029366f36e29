import type { FormContext } from "@pharmasight/views/shared/context";
import {
  InvitationElsewherePage,
  InvitationPage,
  InvitationRefusedPage,
} from "@pharmasight/views/tenant/invitation.tsx";
import { emptyInvite } from "@pharmasight/views/tenant/invite-fields.tsx";
import { OwnershipPage } from "@pharmasight/views/tenant/ownership.tsx";
import { PeoplePage, type PeoplePageProps, type PersonRow } from "@pharmasight/views/tenant/people.tsx";
import type { InvitationRow } from "@pharmasight/views/tenant/people-invitations.tsx";
import { InvitePage } from "@pharmasight/views/tenant/people-invite.tsx";
import { type PersonFacts, PersonPage, type PersonPageProps } from "@pharmasight/views/tenant/person.tsx";
import { type PermissionGroup, type RoleColumn, RolesPage } from "@pharmasight/views/tenant/roles.tsx";
import { at, companyName, hostile, type Samples, shellOf, unbroken } from "./shared.ts";

const timeZone = "Africa/Nairobi";
const expiresAt = new Date("2026-12-01T00:59:00Z");

const branches = [
  { id: "b1", code: "HQ", name: "Headquarters" },
  { id: "b2", code: "WST", name: "Westlands" },
  { id: "b3", code: "KIL", name: "Kilimani Road" },
];

const roles = [
  {
    value: "admin",
    title: "Administrator",
    may: [
      "see items, prices and stock",
      "see what items cost",
      "add and change items",
      "invite people, change their roles and deactivate them",
      "decide what each role may do",
    ],
  },
  {
    value: "pharmacist",
    title: "Pharmacist",
    may: ["see items, prices and stock", "see what items cost", "add and change items"],
  },
  { value: "cashier", title: "Cashier", may: ["see items, prices and stock"] },
  { value: "viewer", title: "Viewer", may: [] },
];

const people: PersonRow[] = [
  {
    id: "p1",
    name: "Amina Otieno",
    login: "amina@acacia.example",
    role: "Owner",
    isOwner: true,
    branchRoles: [],
    lastSeenAt: at,
  },
  {
    id: "p2",
    name: "Brian Kiprop",
    login: "brian.k",
    isOwner: false,
    branchRoles: [
      { branch: "Westlands", role: "Pharmacist" },
      { branch: "Kilimani Road", role: "Cashier" },
    ],
  },
  {
    id: "p3",
    name: "Grace Wanjiru",
    login: "grace@acacia.example",
    role: "Cashier",
    isOwner: false,
    branchRoles: [{ branch: "Westlands", role: "Procurement" }],
    lastSeenAt: at,
  },
  { id: "p4", name: "Peter Mwangi", login: "peter.m", isOwner: false, branchRoles: [] },
];

const invitations: InvitationRow[] = (["open", "expired", "accepted", "revoked"] as const).map((state, index) => ({
  id: `i${index}`,
  name: ["Faith Njeri", "John Kamau", "Mercy Achieng", "Paul Ouma"][index] ?? "",
  login: index % 2 === 0 ? `invited${index}@acacia.example` : `staff.${index}`,
  byMail: index % 2 === 0,
  role: index === 0 ? "Cashier, Pharmacist in Westlands" : "Cashier",
  state,
  invitedByName: "Amina Otieno",
  sentAt: at,
  expiresAt,
}));

const handed = {
  name: "Brian Kiprop",
  purpose: "invitation" as const,
  link: "https://acacia.pharmasight.com/auth/invitation?token=0193f0c2-7a41-7000-8000-000000000001.Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWo",
  expiresAt,
  timeZone,
};

const all = [
  ["items.view", "see items, prices and stock", false],
  ["items.view_cost", "see what items cost", false],
  ["items.edit", "add and change items", true],
  ["items.import", "import items and opening stock from files, and undo an import", true],
  ["people.view", "see who works here", true],
  ["people.manage", "invite people, change their roles and deactivate them", true],
  ["roles.manage", "decide what each role may do", true],
  ["audit.view", "read the audit log", true],
] as const;

const groups: PermissionGroup[] = [
  ["Items and stock", 0, 4],
  ["People", 4, 7],
  ["Pharmacy", 7, 8],
].map(([name, from, to]) => ({
  name: String(name),
  permissions: all
    .slice(Number(from), Number(to))
    .map(([permission, title, everyBranch]) => ({ name: permission, title, everyBranch, mayGive: true })),
}));

const names = all.map(([name]) => name);
const columns: RoleColumn[] = [
  { role: "admin", title: "Administrator", people: 2, allowed: names, defaults: names, seen: names },
  {
    role: "pharmacist",
    title: "Pharmacist",
    people: 3,
    allowed: names.slice(0, 3),
    defaults: names.slice(0, 4),
    seen: names.slice(0, 3),
  },
  {
    role: "cashier",
    title: "Cashier",
    people: 12,
    allowed: names.slice(0, 2),
    defaults: names.slice(0, 1),
    seen: names.slice(0, 2),
  },
  {
    role: "procurement",
    title: "Procurement",
    people: 1,
    allowed: names.slice(0, 3),
    defaults: names.slice(0, 3),
    seen: names.slice(0, 3),
  },
  {
    role: "viewer",
    title: "Viewer",
    people: 0,
    allowed: names.slice(0, 1),
    defaults: names.slice(0, 1),
    seen: names.slice(0, 1),
  },
];

export function peopleSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Settings", companyName, 12, "People");
  const rolesShell = shellOf(context, "Settings", companyName, 12, "Roles");
  const hostileShell = shellOf(context, "Settings", hostile, 0, "People");
  const list: PeoplePageProps = {
    shell,
    filter: "active",
    search: "",
    counts: { active: 4, invited: 2, deactivated: 1 },
    people,
    total: 4,
    invitations: [],
    mayManage: true,
  };
  const facts: PersonFacts = {
    id: "p3",
    name: "Grace Wanjiru",
    login: "grace@acacia.example",
    role: "Cashier",
    isOwner: false,
    branchRoles: [{ branch: "Westlands", role: "Procurement" }],
    email: "grace@acacia.example",
    createdAt: at,
    lastSeenAt: at,
    sessions: 2,
    hasSecondFactor: true,
    isSelf: false,
  };
  const { email: _, ...staff } = facts;
  const change = { role: "cashier", branchRoles: { b2: "pharmacist" }, errors: {}, branches, roles };
  const values = { name: "Grace Wanjiru", email: "grace@acacia.example", username: "" };
  const details = { values, seen: values, errors: {} };
  const person: PersonPageProps = { shell, person: facts, change, details, mayHandOver: false };
  const entrance = { context, companyName };
  const invitation = {
    ...entrance,
    token: "token",
    invitedByName: "Amina Otieno",
    role: "Cashier, Pharmacist in Westlands",
    login: "grace@acacia.example",
    expiresAt,
    timeZone,
    values: { name: "Grace Wanjiru" },
    errors: {},
  };
  const ownership = {
    ...entrance,
    candidates: [{ id: "p3", name: "Grace Wanjiru", email: "grace@acacia.example" }],
    values: { userId: "", companyName: "" },
    errors: {},
    hasPassword: true,
  };
  return {
    people: <PeoplePage {...list} next="/settings/people?after=x" />,
    "people-alone": (
      <PeoplePage
        {...list}
        people={people.slice(0, 1)}
        total={1}
        counts={{ active: 1, invited: 0, deactivated: 0 }}
        done="revoked"
      />
    ),
    "people-search-nothing": <PeoplePage {...list} search={hostile} people={[]} total={0} />,
    "people-deactivated-none": <PeoplePage {...list} filter="deactivated" people={[]} total={0} />,
    "people-invited": <PeoplePage {...list} filter="invited" invitations={invitations} done="invited" />,
    "people-invited-none": <PeoplePage {...list} filter="invited" />,
    "people-link": <PeoplePage {...list} filter="invited" invitations={invitations} link={handed} />,
    "people-hostile": (
      <PeoplePage
        {...list}
        shell={hostileShell}
        search={hostile}
        people={people.map((one) => ({
          ...one,
          name: hostile,
          login: unbroken,
          branchRoles: [{ branch: unbroken, role: hostile }],
        }))}
        link={{ ...handed, name: hostile, link: unbroken }}
      />
    ),
    "people-invite": <InvitePage shell={shell} values={emptyInvite} errors={{}} branches={branches} roles={roles} />,
    "people-invite-one-branch": (
      <InvitePage
        shell={shell}
        values={{ ...emptyInvite, by: "username", username: "brian.k" }}
        errors={{}}
        branches={branches.slice(0, 1)}
        roles={roles}
      />
    ),
    "people-invite-errors": (
      <InvitePage
        shell={hostileShell}
        values={{
          name: hostile,
          by: "username",
          email: "",
          username: hostile,
          role: "",
          branchRoles: { b2: "cashier" },
        }}
        errors={{
          name: "Use at most 100 characters.",
          username: "Use 3 to 30 small letters and digits, beginning with a letter, like amina.o.",
          role: "Choose a role in every branch, or a role in at least one branch.",
          branchRoles: "Choose branches that are open.",
        }}
        branches={branches.map((branch) => ({ ...branch, name: hostile }))}
        roles={roles.map((role) => ({ ...role, title: unbroken }))}
      />
    ),
    person: <PersonPage {...person} done="The role is saved. It counts at once." />,
    "person-self-owner": (
      <PersonPage
        shell={shell}
        person={{ ...facts, role: "Owner", isOwner: true, isSelf: true, branchRoles: [] }}
        details={details}
        mayHandOver
      />
    ),
    "person-deactivated": (
      <PersonPage
        shell={shell}
        person={{ ...facts, deactivatedAt: at, sessions: 0, hasSecondFactor: false }}
        change={change}
        mayHandOver={false}
      />
    ),
    "person-username": (
      <PersonPage
        {...person}
        person={{ ...staff, login: "brian.k", name: "Brian Kiprop", username: "brian.k" }}
        link={{ ...handed, purpose: "password" }}
      />
    ),
    "person-details-errors": (
      <PersonPage
        {...person}
        details={{
          ...details,
          values: { name: hostile, email: unbroken, username: hostile },
          errors: {
            name: "Use at most 100 characters.",
            email: "Write a mail address, like amina@example.com.",
            username: "Brian Kiprop works here already with this username.",
          },
        }}
      />
    ),
    "person-hostile": (
      <PersonPage
        {...person}
        details={{ ...details, values: { name: hostile, email: unbroken, username: hostile } }}
        shell={hostileShell}
        person={{ ...facts, name: hostile + unbroken, login: unbroken, email: unbroken, role: hostile }}
        change={{ ...change, errors: { role: "You can give only what you may do yourself everywhere." } }}
      />
    ),
    roles: <RolesPage shell={rolesShell} roles={columns} groups={groups} saved="Cashier" />,
    "roles-of-admin": (
      <RolesPage
        shell={rolesShell}
        roles={columns.map((column) =>
          column.role === "admin"
            ? { ...column, fixed: "own" }
            : column.role === "viewer"
              ? { ...column, fixed: "above" }
              : column,
        )}
        groups={groups.map((group) => ({
          ...group,
          permissions: group.permissions.map((one) => ({ ...one, mayGive: one.name !== "audit.view" })),
        }))}
        error={{
          role: "cashier",
          message: "To see what items cost, a role must also see items, prices and stock. Tick both or neither.",
        }}
      />
    ),
    invitation: <InvitationPage {...invitation} />,
    "invitation-errors": (
      <InvitationPage
        {...invitation}
        companyName={hostile}
        invitedByName={hostile}
        login={unbroken}
        role={unbroken}
        values={{ name: hostile }}
        errors={{
          name: "Write the name, as colleagues know it.",
          password: "Use at least 12 characters. Four words in a row are easy to keep in mind.",
        }}
      />
    ),
    "invitation-refused": (
      <InvitationRefusedPage {...entrance} message="This invitation is too old. Ask Amina Otieno to send it again." />
    ),
    "invitation-elsewhere": (
      <InvitationElsewherePage {...entrance} signedInAs="Amina Otieno" invited="grace@acacia.example" />
    ),
    ownership: <OwnershipPage {...ownership} />,
    "ownership-errors": (
      <OwnershipPage
        {...ownership}
        companyName={hostile}
        candidates={[{ id: "p3", name: hostile, email: unbroken }]}
        values={{ userId: "p3", companyName: hostile }}
        errors={{
          userId: "Choose somebody from the list.",
          companyName: "Type the pharmacy’s name as it stands above.",
          password: "This is not your password.",
        }}
      />
    ),
    "ownership-nobody": <OwnershipPage {...ownership} candidates={[]} />,
    "ownership-no-password": <OwnershipPage {...ownership} hasPassword={false} />,
  };
}
