import type { FormContext } from "@pharmasight/views/shared/context";
import { type ApiKeyRow, ApiKeysPage, emptyApiKeyForm } from "@pharmasight/views/tenant/api-keys.tsx";
import { at, companyName, hostile, type Samples, shellOf, unbroken } from "./shared.ts";

const apiKeys: ApiKeyRow[] = [
  {
    id: "0193-a",
    name: "Web shop",
    prefix: "ps_1f2e3d4c",
    scopes: ["items:read"],
    createdAt: at,
    createdByName: "Grace Wanjiru",
    expiresAt: new Date("2027-11-24T00:59:00Z"),
    isExpired: false,
    lastUsedAt: at,
    useCount: 12_481,
  },
  {
    id: "0193-b",
    name: "Price list for the wholesaler in Nakuru",
    prefix: "ps_77a0b91e",
    scopes: ["items:read", "items:write"],
    createdAt: at,
    createdByName: "Grace Wanjiru",
    isExpired: false,
    useCount: 0,
  },
  {
    id: "0193-c",
    name: "Trial of the scanner app",
    prefix: "ps_c0ffee12",
    scopes: ["items:write"],
    createdAt: new Date("2026-08-01T08:00:00Z"),
    createdByName: "Grace Wanjiru",
    expiresAt: new Date("2026-08-31T08:00:00Z"),
    isExpired: true,
    lastUsedAt: new Date("2026-08-30T15:12:00Z"),
    useCount: 1,
  },
];

export function apiKeySamples(context: FormContext): Samples {
  const keysPage = {
    shell: shellOf(context, "Settings", companyName, 12, "API keys"),
    keys: apiKeys,
    apiUrl: "https://acacia.pharmasight.com/api/v1",
    values: emptyApiKeyForm,
    errors: {},
    revoked: false,
  };
  return {
    "api-keys": <ApiKeysPage {...keysPage} />,
    "api-keys-issued": (
      <ApiKeysPage
        {...keysPage}
        issued={{ name: "Web shop", key: "ps_1f2e3d4c_Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWo" }}
      />
    ),
    "api-keys-empty": <ApiKeysPage {...keysPage} keys={[]} />,
    "api-keys-revoked": <ApiKeysPage {...keysPage} revoked />,
    "api-keys-errors": (
      <ApiKeysPage
        {...keysPage}
        shell={shellOf(context, "Settings", hostile, 0)}
        keys={apiKeys.map((key) => ({ ...key, name: hostile + unbroken, createdByName: hostile }))}
        apiUrl={`https://${unbroken}.pharmasight.com/api/v1`}
        values={{ name: hostile, scopes: [], expiresInDays: "" }}
        errors={{ name: "Use at most 100 characters.", scopes: "Choose what programs may do with this key." }}
        issued={{ name: hostile + unbroken, key: unbroken }}
      />
    ),
  };
}
