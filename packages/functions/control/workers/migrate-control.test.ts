import type { ControlMigrationPlatform } from "@pharmasight/adapters/control-migration-platform";
import { expect, test, vi } from "vitest";
import { handler } from "./migrate-control.ts";

const given: number[] = [];

vi.mock("@pharmasight/adapters/control-migration-platform", () => ({
  controlMigrationPlatform: async (): Promise<Pick<ControlMigrationPlatform, "migrate">> => ({
    migrate: async (timeoutMs) => {
      given.push(timeoutMs);
      throw new Error("it took too long");
    },
  }),
}));

test("migrations have the time of the function but for what it needs to say how they ended", async () => {
  for (const leftMs of [900_000, 20_000]) {
    await expect(handler({}, { getRemainingTimeInMillis: () => leftMs })).rejects.toThrow("it took too long");
  }
  expect(given).toEqual([870_000, 10_000]);
});
