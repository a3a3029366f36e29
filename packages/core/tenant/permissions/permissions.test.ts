import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { givenRoles, Permissions, permissions, type RoleOverride, roles } from "./permissions.ts";

const branches = ["019ab000-0000-7000-8000-00000000000a", "019ab000-0000-7000-8000-00000000000b"] as const;
const overrides = fc.array(
  fc.record({
    role: fc.constantFrom(...roles),
    permission: fc.constantFrom(...permissions, "unknown.permission"),
    isAllowed: fc.boolean(),
  }),
  { maxLength: 20 },
);
const assignment = fc.record({
  role: fc.constantFrom(null, ...givenRoles),
  branchRoles: fc.uniqueArray(
    fc.record({ branchId: fc.constantFrom(...branches), role: fc.constantFrom(...givenRoles) }),
    { selector: ({ branchId }) => branchId },
  ),
});

describe("rights", () => {
  test("the owner may do everything, whatever the pharmacy decided about roles", () => {
    fc.assert(
      fc.property(overrides, (given) => {
        const owner = { rights: Permissions.rightsOf("owner", [], given) };
        expect(permissions.filter((permission) => !Permissions.may(owner, permission))).toEqual([]);
      }),
    );
  });

  test("a role in a branch gives nothing in another branch and nothing that belongs to all of them", () => {
    fc.assert(
      fc.property(fc.constantFrom(...givenRoles), overrides, (role, given) => {
        const holder = { rights: Permissions.rightsOf(null, [{ branchId: branches[0], role }], given) };
        for (const permission of permissions) {
          expect(Permissions.may(holder, permission)).toBe(false);
          expect(Permissions.mayIn(holder, permission, branches[1])).toBe(false);
          if (Permissions.catalogue[permission].reach === "pharmacy") {
            expect(Permissions.maySomewhere(holder, permission)).toBe(false);
          }
        }
      }),
    );
  });

  test("whoever covers an assignment has, everywhere, all that it gives anywhere", () => {
    fc.assert(
      fc.property(assignment, assignment, overrides, (mine, theirs, given) => {
        const holder = { rights: Permissions.rightsOf(mine.role, mine.branchRoles, given) };
        const other = { rights: Permissions.rightsOf(theirs.role, theirs.branchRoles, given) };
        if (!Permissions.covers(holder, theirs, given)) return;
        for (const permission of permissions) {
          if (Permissions.maySomewhere(other, permission)) expect(Permissions.may(holder, permission)).toBe(true);
        }
      }),
    );
  });

  test("nobody covers the owner, not even the owner", () => {
    const owner = { rights: Permissions.rightsOf("owner", [], []) };
    expect(Permissions.covers(owner, { role: "owner", branchRoles: [] }, [])).toBe(false);
    expect(Permissions.covers(owner, { role: "admin", branchRoles: [] }, [])).toBe(true);
  });

  test("a cashier does not see costs unless the pharmacy decides so", () => {
    const rights = (given: readonly RoleOverride[]) => ({ rights: Permissions.rightsOf("cashier", [], given) });
    expect(Permissions.may(rights([]), "items.view_cost")).toBe(false);
    const allowed = [{ role: "cashier", permission: "items.view_cost", isAllowed: true }];
    expect(Permissions.may(rights(allowed), "items.view_cost")).toBe(true);
  });
});
