import { prepareTenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { lambdaHandler } from "../../http/lambda.ts";

prepareTenantPlatform();

/**
 * What a request needs is loaded with the first one of its kind: programs do not wait for the pages, nor people for the
 * API.
 */
export const handler = lambdaHandler(async (path) =>
  path.startsWith("/api/") ? (await import("./api-app.ts")).apiApp : (await import("./pages.tsx")).app,
);
