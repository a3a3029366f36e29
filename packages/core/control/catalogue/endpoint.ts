import * as z from "zod";
import { parseJson } from "../../kernel/json.ts";
import type { PriceCatalogue } from "../../ports/price-catalogue.ts";
import type { Secrets } from "../../ports/secrets.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";

const keptSchema = z.object({ current: z.string().min(1) });

/**
 * Has the payment provider send its notices to `url`, and keeps the secret that they are signed with. When the endpoint
 * was made anew, what the old one still sends stays welcome: its secret becomes the previous one.
 * @param reference of the secret, which is there already
 * @returns whether it was made now
 * @throws DomainError `unavailable`, `invalid_input`
 */
export async function announceEndpoint(
  control: ControlScope,
  { catalogue, secrets }: { readonly catalogue: PriceCatalogue; readonly secrets: Secrets },
  { url, reference }: { readonly url: string; readonly reference: string },
): Promise<{ readonly endpointId: string; readonly isNew: boolean }> {
  const { endpointId, secret } = await catalogue.ensureEndpoint(url);
  // It is told once, when it is made.
  if (secret === undefined) return { endpointId, isNew: false };
  const kept = keptSchema.safeParse(parseJson(await secrets.read(reference)));
  const previous = kept.success ? { previous: kept.data.current } : {};
  await secrets.replace(reference, JSON.stringify({ current: secret, ...previous }));
  await ControlAudit.append(control, { action: "payment_endpoint.made", after: { endpointId, url } });
  return { endpointId, isNew: true };
}
