import { startGateway } from "@pharmasight/local/gateway";
import { loadFunction } from "@pharmasight/local/lambda";

/**
 * One process of the tenant plane, as Lambda would keep it warm: the pharmacies' pages over HTTP, with the environment
 * that the test gives it. Its clock moves when the test says so. Ends with the test.
 */

export interface TenantProcessReady {
  readonly port: number;
}

/** Seconds that the process believes have passed at once: what a thawed one sees. */
export interface TenantProcessJump {
  readonly seconds: number;
}

let aheadMs = 0;
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + aheadMs] : args, newTarget),
  get: (target, name, receiver) =>
    name === "now" ? () => RealDate.now() + aheadMs : Reflect.get(target, name, receiver),
});

process.on("disconnect", () => process.exit(0));
process.on("message", ({ seconds }: TenantProcessJump) => {
  aheadMs += seconds * 1000;
  process.send?.("jumped");
});

// Loaded only now, with the clock in place.
const { functions } = await import("@pharmasight/functions/manifest");
const routes = [
  { hosts: "any", path: "/auth", fn: await loadFunction("tenantAuth", functions.tenantAuth) },
  { hosts: "any", fn: await loadFunction("tenantApp", functions.tenantApp) },
] as const;
const { port } = await startGateway({ routes, port: 0, log: () => {} });
process.send?.({ port } satisfies TenantProcessReady);
