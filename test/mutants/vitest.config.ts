import { defineConfig } from "vitest/config";

/** Of the runs over planted bugs: the platform's style sheet is built once, before them, instead of for each. */
export default defineConfig({
  test: {
    include: ["packages/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    env: { LOG_LEVEL: "SILENT" },
    // One that noticed is enough.
    bail: 1,
  },
});
