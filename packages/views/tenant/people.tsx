import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { countOf, formatCount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { Pagination } from "../shared/pagination.tsx";
import { ActionLink } from "../shared/writing.tsx";
import { InvitationList, type InvitationRow } from "./people-invitations.tsx";
import { HandedLink, type HandedLinkProps } from "./people-link.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export type PeopleFilter = "active" | "invited" | "deactivated";

export interface PersonRow {
  id: string;
  name: string;
  /** What they sign in with. */
  login: string;
  /** The role in every branch, in words; absent: only in single ones. */
  role?: string;
  isOwner: boolean;
  branchRoles: readonly { branch: string; role: string }[];
  /** Absent: never. */
  lastSeenAt?: Date;
}

export interface PeoplePageProps {
  shell: TenantShell;
  filter: PeopleFilter;
  search: string;
  counts: Readonly<Record<PeopleFilter, number>>;
  people: PersonRow[];
  /** People who match filter and search. */
  total: number;
  /** Whole path of the next page. */
  next?: string;
  /** Shown instead of people when the filter is `invited`. */
  invitations: InvitationRow[];
  /** Whether the person may invite and change people. */
  mayManage: boolean;
  /** A link that was made just now: this page is the only one that ever shows it. */
  link?: HandedLinkProps;
  /** What was done just now. */
  done?: "invited" | "revoked" | "resent";
  /** Why what was asked for was not done. */
  refused?: string;
}

const filters: readonly { filter: PeopleFilter; label: string }[] = [
  { filter: "active", label: "Active" },
  { filter: "invited", label: "Invited" },
  { filter: "deactivated", label: "Deactivated" },
];

const news: Readonly<Record<NonNullable<PeoplePageProps["done"]>, string>> = {
  invited: "The invitation is on its way by mail. It is good for seven days.",
  resent: "A new link is on its way by mail. The earlier one does not work any more.",
  revoked: "The invitation is taken back. Its link does not work any more.",
};

/** Search: GET /settings/people?state=…&q=…; links to /settings/people/new and /settings/people/:id. */
export function PeoplePage(props: PeoplePageProps) {
  const { shell, filter, search, mayManage, link, done, refused } = props;
  const isAlone = isOnlyOne(props);
  return (
    <SettingsLayout
      shell={shell}
      title="People"
      subtitle="Who works here, and what each may do."
      actions={
        mayManage && !isAlone ? (
          <ActionLink href="/settings/people/new" grows class="btn btn-primary btn-sm h-9">
            <Icon name="user-plus" />
            Invite somebody
          </ActionLink>
        ) : undefined
      }
    >
      {link === undefined ? null : <HandedLink {...link} />}
      {refused === undefined ? null : (
        <div class="mb-6">
          <Alert tone="error" title={refused} />
        </div>
      )}
      {done === undefined ? null : (
        <div class="mb-6">
          <Alert tone="success">{news[done]}</Alert>
        </div>
      )}
      <div class="mb-4 flex flex-wrap items-center justify-between gap-3">
        <Filters {...props} />
        {filter === "invited" ? null : <SearchBox filter={filter} search={search} />}
      </div>
      {filter === "invited" ? (
        <InvitationList shell={shell} invitations={props.invitations} mayManage={mayManage} />
      ) : (
        <PeopleList {...props} />
      )}
    </SettingsLayout>
  );
}

function Filters({ filter, counts }: PeoplePageProps) {
  return (
    <nav aria-label="Which people">
      <ul class="flex flex-wrap gap-1.5">
        {filters.map(({ filter: one, label }) => (
          <li>
            <a
              href={one === "active" ? "/settings/people" : `/settings/people?state=${one}`}
              aria-current={one === filter ? "page" : undefined}
              class={`inline-flex items-center gap-1.5 rounded-full border px-3 py-1.5 ${
                one === filter
                  ? "border-primary bg-soft-primary font-medium text-soft-primary-text"
                  : "border-line bg-base-100 text-muted hover:text-base-content"
              }`}
            >
              {label}
              <span class="tabular-nums">{formatCount(counts[one])}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function SearchBox({ filter, search }: { filter: PeopleFilter; search: string }) {
  return (
    <form method="get" action="/settings/people" class="w-full sm:w-80">
      <search>
        {filter === "active" ? null : <input type="hidden" name="state" value={filter} />}
        <div class="flex gap-2">
          <div class="input field bg-base-100">
            <Icon name="search" class="size-4 text-muted" />
            <input
              type="search"
              id="q"
              name="q"
              value={search}
              maxlength={100}
              autocomplete="off"
              spellcheck={false}
              placeholder="Name or login"
              aria-label="Search people"
              aria-keyshortcuts="/"
              data-search
              class="min-w-0 grow"
            />
          </div>
          <button type="submit" class="btn btn-plain">
            Search
          </button>
        </div>
      </search>
    </form>
  );
}

/** Whether there is nobody but the person who looks: then the first step stands in the page. */
const isOnlyOne = ({ filter, search, counts, mayManage }: PeoplePageProps): boolean =>
  mayManage && filter === "active" && search === "" && counts.active === 1 && counts.invited === 0;

function PeopleList(props: PeoplePageProps) {
  const { shell, filter, search, people, total, next } = props;
  if (total === 0) {
    if (search !== "") {
      return (
        <div class="card">
          <EmptyState
            icon="search"
            title={`Nobody found for “${search}”`}
            message="Try a part of the name or the mail address."
          >
            <a
              href={filter === "active" ? "/settings/people" : `/settings/people?state=${filter}`}
              class="btn btn-plain"
            >
              Clear search
            </a>
          </EmptyState>
        </div>
      );
    }
    return (
      <div class="card">
        <EmptyState
          icon="users"
          title="Nobody is deactivated"
          message="People who leave are deactivated, not deleted: their name stays on what they did."
        />
      </div>
    );
  }
  return (
    <>
      <div class="card overflow-clip">
        <table class="w-full border-collapse text-left">
          <caption class="sr-only">{search === "" ? "People by name" : `People found for ${search}`}</caption>
          <thead class="sticky top-14 z-10 bg-base-200 text-muted text-xs">
            <tr class="border-line border-b">
              <th scope="col" class="px-4 py-2.5 font-medium">
                Name
              </th>
              <th scope="col" class="px-4 py-2.5 font-medium">
                Role
              </th>
              <th scope="col" class="hidden px-4 py-2.5 font-medium md:table-cell">
                Last seen
              </th>
            </tr>
          </thead>
          <tbody class="divide-y divide-line">
            {people.map((person) => (
              <PersonTableRow person={person} timeZone={shell.company.timeZone} />
            ))}
          </tbody>
        </table>
      </div>
      <div class="mt-4 flex flex-wrap items-center justify-between gap-3">
        <p class="text-muted tabular-nums">{countOf(total, "person", "people")}</p>
        <Pagination label="People" next={next} />
      </div>
      {isOnlyOne(props) ? (
        <div class="card mt-6">
          <EmptyState
            icon="user-plus"
            title="You are the only one here"
            message="Invite the people who work with you. Everybody gets a login of their own, so that it is clear who did what."
          >
            <ActionLink href="/settings/people/new" grows class="btn btn-primary">
              Invite somebody
            </ActionLink>
          </EmptyState>
        </div>
      ) : null}
    </>
  );
}

function PersonTableRow({ person, timeZone }: { person: PersonRow; timeZone: string }) {
  return (
    <tr class="relative hover:bg-base-200">
      <th scope="row" class="py-3 pr-2 pl-4 text-left align-top font-normal">
        <a href={`/settings/people/${person.id}`} class="break-words font-medium after:absolute after:inset-0">
          {person.name}
        </a>
        <span class="block break-all text-muted text-xs">{person.login}</span>
      </th>
      <td class="px-4 py-3 align-top">
        <RoleBadges {...person} />
      </td>
      <td class="hidden px-4 py-3 align-top text-muted md:table-cell">
        {person.lastSeenAt === undefined ? "Not yet" : <Moment at={person.lastSeenAt} timeZone={timeZone} />}
      </td>
    </tr>
  );
}

/** What somebody is: the role everywhere, then those in single branches. */
export function RoleBadges({ role, isOwner, branchRoles }: Pick<PersonRow, "role" | "isOwner" | "branchRoles">) {
  if (role === undefined && branchRoles.length === 0) return <Badge tone="warning">No role</Badge>;
  return (
    <ul class="flex flex-col items-start gap-1">
      {role === undefined ? null : (
        <li>
          {isOwner ? (
            <Badge tone="primary" icon="crown">
              {role}
            </Badge>
          ) : (
            <Badge tone="neutral">{role}</Badge>
          )}
        </li>
      )}
      {branchRoles.map((held) => (
        <li class="text-xs">
          <span class="font-medium">{held.role}</span> <span class="text-muted">in {held.branch}</span>
        </li>
      ))}
    </ul>
  );
}
