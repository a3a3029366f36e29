import { prepareTenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { once } from "@pharmasight/core/kernel/once";
import { lambdaHandler } from "../../http/lambda.ts";

prepareTenantPlatform();

// Loaded with the first request of its kind: programs do not wait for the pages, nor people for the API.
const api = once(async () => (await import("./api-app.ts")).apiApp);
const pages = once(async () => (await import("./pages.tsx")).app);

export const handler = lambdaHandler((path) => (path.startsWith("/api/") ? api() : pages()));
