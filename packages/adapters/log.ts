import { currentLogFields, type Log } from "@pharmasight/core/kernel/log";
import { logConfig } from "./config.ts";
import { inSources } from "./stack-traces.ts";

type Level = "INFO" | "WARN" | "ERROR";
const rank: Readonly<Record<string, number>> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3, SILENT: 4 };

/**
 * One JSON object a line, as CloudWatch reads them. An error is logged by name, code and message: its other properties
 * may hold query parameters, which are people's data.
 */
export const log: Log = {
  info: (message, fields) => write("INFO", message, fields),
  warn: (message, fields) => write("WARN", message, fields),
  error: (message, error, fields) => write("ERROR", message, { ...fields, error: describe(error) }),
  alarm: (name, fields) => write("ERROR", name, { ...fields, alarm: name }),
};

function write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const { LOG_LEVEL } = logConfig();
  if ((rank[level] ?? 0) < (rank[LOG_LEVEL] ?? 0)) return;
  const line = { level, at: new Date().toISOString(), message, ...currentLogFields(), ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function describe(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: describe(error.cause) };
  const frames = error.stack?.split("\n").slice(1, 8).join("\n");
  const stack = frames === undefined ? undefined : inSources(frames);
  return { name: error.name, message: error.message, ...code, stack, ...cause };
}
