import { spawn } from "node:child_process";

/**
 * Waits for the end of its input, which the kernel closes when this process dies, by whatever signal; then stops the
 * server, waits up to ten seconds for it, and deletes the folder if one is named. Deaf to Ctrl-C in the terminal.
 */
const SCRIPT = `
trap "" INT TERM HUP
read _
kill -INT "$0"
[ -n "$1" ] || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$0" 2>/dev/null || break; sleep 1; done
rm -rf "$1"
`;

/**
 * Lets a small shell outlive this process and stop the server `pid` then.
 * @param remove folder to delete afterwards
 * @returns ends the watch without stopping anything
 */
export function watchOver(pid: number, remove?: string): () => void {
  const watcher = spawn("/bin/sh", ["-c", SCRIPT, String(pid), remove ?? ""], {
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.unref();
  // A write end that is never written to: only its closing says something.
  if (watcher.stdin && "unref" in watcher.stdin && typeof watcher.stdin.unref === "function") watcher.stdin.unref();
  return () => watcher.kill("SIGKILL");
}
