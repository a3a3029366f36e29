import { paymentPages } from "@pharmasight/adapters/tenant-billing-platform";
import { prepareTenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { EdgeEnv } from "../../http/bindings.ts";
import { onError } from "../../http/errors.ts";
import { lambdaHandler } from "../../http/lambda.ts";
import { admit } from "../app/admission.ts";
import { changes } from "./routes/changes.tsx";
import { checkout } from "./routes/checkout.tsx";
import { ending } from "./routes/ending.tsx";
import { enterprise } from "./routes/enterprise.tsx";
import { invoices } from "./routes/invoices.tsx";
import { modules } from "./routes/modules.tsx";
import { overview } from "./routes/overview.tsx";
import { plans } from "./routes/plans.tsx";
import { portal } from "./routes/portal.ts";

prepareTenantPlatform();

const LARGEST_FORM_BYTES = 64 * 1024;

/**
 * The subscription of the pharmacy at the address: the only function with a pharmacy's people on one side and the control
 * database and the payment provider on the other. Exported for the test that tries every route it has.
 */
export const app = new Hono<EdgeEnv>();
admit(app, onError);
app.use(bodyLimit({ maxSize: LARGEST_FORM_BYTES }));

app.route("/billing", overview);
app.route("/billing/plans", plans);
app.route("/billing", checkout);
app.route("/billing", changes);
app.route("/billing", ending);
app.route("/billing/portal", portal);
app.route("/billing/modules", modules);
app.route("/billing/invoices", invoices);
app.route("/billing/enterprise", enterprise);

// Forms lead on to the provider's own pages, which browsers count as posting there.
export const handler = lambdaHandler(() => app, paymentPages());
