import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.sst/**"],
    globalSetup: ["./test/harness/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most files run a Postgres of their own, and machines have two cores.
    maxWorkers: 2,
    env: { LOG_LEVEL: "SILENT" },
    reporters: ["default", "./test/harness/summary-reporter.ts"],
  },
});
