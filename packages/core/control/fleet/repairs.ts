import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { begin } from "./deploying.ts";
import type { FleetPorts } from "./ports.ts";
import { defaults } from "./requests.ts";
import { choose, fleetMembers, tenantIdOf } from "./selection.ts";

/**
 * Mends the data of one tenant by a reviewed file: a deployment of its own, with its lease, its history and its reason.
 * @throws DomainError `invalid_input` for a file or a tenant that is not there, `conflict` when another deployment has it
 */
export async function repair(
  control: ControlScope,
  { schemas }: Pick<FleetPorts, "schemas">,
  wanted: { readonly repair: string; readonly tenant: string; readonly reason: string },
): Promise<{ readonly deploymentId: string }> {
  requireOperator(control);
  const reason = reasonOfOperator(wanted);
  const facts = schemas.repairs.find(({ name }) => name === wanted.repair);
  if (facts === undefined) {
    const known = schemas.repairs.map(({ name }) => name).join(", ");
    const message = `There is no repair ${wanted.repair}. There ${known === "" ? "is none" : `are: ${known}`}.`;
    throw invalidInput(message, { repair: message });
  }
  const tenantId = await tenantIdOf(control, wanted.tenant);
  const deploymentId = await control.tx(async (tx) => {
    const chosen = await choose(tx, { tenants: [tenantId], selector: "" });
    const { value: page } = await fleetMembers(tx, chosen, undefined).next();
    const [member] = page ?? [];
    if (member === undefined) throw new DomainError("conflict", "This pharmacy has no database that is ready.");
    const { server, version, subdomain, name } = member;
    return begin(tx, {
      ...defaults,
      promotion: "automatic",
      soakSeconds: 0,
      reason,
      kind: { kind: "repair", repair: facts.name },
      selector: `tenant=${subdomain ?? name}`,
      isQuiet: false,
      quietOverride: undefined,
      rehearsalId: undefined,
      waves: [
        {
          ...{ position: 1, name: "repair", percent: undefined },
          targets: [{ tenantId, server, version, toVersion: null, predictedLockMs: undefined }],
        },
      ],
      noted: { checksum: facts.checksum, reviewedBy: facts.reviewedBy, tenantId },
    });
  });
  return { deploymentId };
}
