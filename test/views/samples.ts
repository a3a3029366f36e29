import type { PageContext } from "@pharmasight/views/shared/context";
import { accountSamples } from "./samples/account.tsx";
import { apiKeySamples } from "./samples/api-keys.tsx";
import { billingSamples } from "./samples/billing.tsx";
import { controlSamples } from "./samples/control.tsx";
import { dashboardSamples } from "./samples/dashboard.tsx";
import { errorSamples } from "./samples/errors.tsx";
import { identitySamples } from "./samples/identity.tsx";
import { importSamples } from "./samples/imports.tsx";
import { itemSamples } from "./samples/items.tsx";
import { overdueSamples } from "./samples/overdue.tsx";
import { peopleSamples } from "./samples/people.tsx";
import { settingsSamples } from "./samples/settings.tsx";
import { setupSamples } from "./samples/setup.tsx";
import { contextOf, type Samples } from "./samples/shared.ts";

export { hostile } from "./samples/shared.ts";

const parts = [
  accountSamples,
  apiKeySamples,
  billingSamples,
  controlSamples,
  dashboardSamples,
  errorSamples,
  identitySamples,
  importSamples,
  itemSamples,
  overdueSamples,
  peopleSamples,
  settingsSamples,
  setupSamples,
];

/** Every page in its states, by the path under which the test serves it. */
export function samplePages(assets: PageContext["assets"]): Samples {
  const context = contextOf(assets);
  return Object.assign({}, ...parts.map((part) => part(context)));
}
