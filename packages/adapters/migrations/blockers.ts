import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../postgres/client.ts";

export interface BlockerWatch {
  /** What was last seen in the way; undefined when nothing was. */
  seen(): string | undefined;
  end(): Promise<void>;
}

const LOOK_MS = 50;

/** A program by its name or its role, where the name is hidden or empty; a process of the server by what it does. */
const BLOCKERS = `
  select distinct coalesce(nullif(a.application_name, ''), a.usename, a.backend_type, 'a prepared transaction') as name
  from unnest(pg_blocking_pids($1)) blocker left join pg_stat_activity a on a.pid = blocker order by 1`;

/**
 * Looks on, from a session of its own, who keeps a backend waiting. Never rejects: whoever cannot look sees nothing.
 * @param backend process of the session that waits
 */
export async function watchBlockers(open: () => Promise<Session>, backend: number): Promise<BlockerWatch> {
  const session = await open().catch(() => undefined);
  let names: string | undefined;
  const look = async (): Promise<void> => {
    while (session !== undefined && !session.closed()) {
      const rows = await session.rows(BLOCKERS, [backend]);
      if (rows.length > 0) names = rows.map(({ name }) => String(name)).join(", ");
      await sleep(LOOK_MS);
    }
  };
  const looking = look().catch(() => {});
  return {
    seen: () => names,
    end: async () => {
      await session?.end();
      await looking;
    },
  };
}
