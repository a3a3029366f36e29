import type { DatabaseHosts } from "@pharmasight/core/ports/database-hosts";
import postgres from "postgres";
import { expect, test } from "vitest";

export interface HostsUnderTest {
  hosts(): DatabaseHosts;
  region(): string;
  /** Brings what is being made to its end. */
  finish(ref: string): Promise<void>;
}

/** What every provider of databases has to keep. */
export function keepsTheContractOfDatabaseHosts({ hosts, region, finish }: HostsUnderTest): void {
  const wanted = (name: string) => ({ name, ownerPassword: "secret-of-'the'-owner", region: region(), size: "micro" });

  test("what was created becomes ready, is found by its exact name, and lets its owner in", async () => {
    const { ref } = await hosts().create(wanted("contract-ready"));
    await finish(ref);
    expect(await hosts().inspect(ref)).toEqual({ ref, name: "contract-ready", status: "ready" });
    expect(await hosts().find("contract-ready")).toMatchObject({ ref });
    expect(await hosts().find("contract-read")).toBeUndefined();
    const { pooled, session, ownerUser } = await hosts().endpoints(ref);
    for (const { host, port, database } of [pooled, session]) {
      const sql = postgres({ host, port, database, username: ownerUser, password: wanted("").ownerPassword, max: 1 });
      const asked = await sql`select has_database_privilege(current_database(), 'create') as may_create`;
      expect(asked).toEqual([{ may_create: true }]);
      await sql.end();
    }
  });

  test("a name with quotes and statements in it is a name", async () => {
    const name = `x'; drop database postgres; -- "$$`;
    const { ref } = await hosts().create(wanted(name));
    await finish(ref);
    expect(await hosts().find(name)).toMatchObject({ ref, name });
    await hosts().delete(ref);
  });

  test("the list has those whose name contains the text, oldest first", async () => {
    const first = await hosts().create(wanted("contract-list-b"));
    await finish(first.ref);
    const second = await hosts().create(wanted("contract-list-a"));
    await finish(second.ref);
    const { projects, next } = await hosts().list("ontract-lis");
    expect(projects.map(({ ref, status }) => [ref, status])).toEqual([
      [first.ref, "up"],
      [second.ref, "up"],
    ]);
    expect(next).toBeUndefined();
  });

  test("deleting twice succeeds, and what was deleted is removed and not found", async () => {
    const { ref } = await hosts().create(wanted("contract-gone"));
    await finish(ref);
    expect(await hosts().delete(ref)).toEqual({ isAccepted: true });
    expect(await hosts().delete(ref)).toEqual({ isAccepted: true });
    expect(await hosts().inspect(ref)).toEqual({ ref, name: undefined, status: "removed" });
    expect(await hosts().find("contract-gone")).toBeUndefined();
    await expect(hosts().endpoints(ref)).rejects.toMatchObject({ code: "not_found" });
  });

  test("a region that the provider has not is refused for good", async () => {
    await expect(hosts().create({ ...wanted("contract-moon"), region: "moon-1" })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
}
