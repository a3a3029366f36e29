/** What the log can be narrowed to, by what its actions begin with. An action that no group names is in the whole log. */
const groups = {
  people: ["invitation.", "person.", "role.", "ownership."],
  signing_in: ["access.", "password", "recovery_code.", "second_step.", "session.", "sign_in", "two_factor."],
  items: ["import.", "item.", "items.", "stock."],
  pharmacy: ["audit.", "branch.", "company."],
  api_keys: ["api_key."],
  support: ["support."],
} as const satisfies Record<string, readonly string[]>;

export type AuditGroup = keyof typeof groups;

const isGroup = (name: string): name is AuditGroup => Object.hasOwn(groups, name);

export const auditGroups: readonly AuditGroup[] = Object.keys(groups).filter(isGroup);

/** What the actions of a group begin with. */
export const prefixesOf = (group: AuditGroup): readonly string[] => groups[group];
