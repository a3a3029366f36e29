import { execFile, spawnSync } from "node:child_process";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { DomainError } from "@pharmasight/core/kernel/errors";

const run = promisify(execFile);
const NAME = "postgres";

/** Who Postgres runs as: it refuses to run as root. Empty when this process is not root and can run it itself. */
export type Account = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** The account to run Postgres with; makes the system user `postgres` when this process is root and there is none. */
export async function postgresAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const found = await lookUp();
  if (found) return found;
  await run("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME]).catch(
    (cause: unknown) => {
      throw new DomainError(
        "unavailable",
        `Postgres does not run as root, and the user "${NAME}" could not be made: run this as another user.`,
        { cause },
      );
    },
  );
  const made = await lookUp();
  if (made) return made;
  throw new DomainError("unavailable", `The user "${NAME}" cannot be looked up: run this as another user than root.`);
}

/** Whether the account may enter `folder`, asked of the system itself because modes alone do not tell (ACLs, mounts). */
function canEnter(account: Account, folder: string): boolean {
  return spawnSync("/bin/sh", ["-c", 'cd "$0"', folder], { ...account, cwd: "/", stdio: "ignore" }).status === 0;
}

/** Whether the account may run `program`. */
export function canRun(account: Account, program: string): boolean {
  return spawnSync(program, ["--version"], { ...account, cwd: "/", stdio: "ignore" }).status === 0;
}

/** @throws DomainError that names the folder which stops the account on its way to `folder` */
export function requireEntry(account: Account, folder: string): void {
  if (canEnter(account, folder)) return;
  const path = [folder];
  for (let above = dirname(folder); above !== path[0]; above = dirname(above)) path.unshift(above);
  const closed = path.find((part) => !canEnter(account, part)) ?? folder;
  throw new DomainError(
    "unavailable",
    `Postgres runs as the user "${NAME}", who may not pass through ${closed}: run "chmod o+x ${closed}", ` +
      "or set STATE_DIR to a folder elsewhere.",
  );
}

/** Whether a file or folder is there. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function lookUp(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", NAME]), run("id", ["-g", NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}
