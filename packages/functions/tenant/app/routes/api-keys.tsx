import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { type ApiKeyDetails, ApiKeys, apiScopes } from "@pharmasight/core/tenant/api-keys/api-keys";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import {
  type ApiKeyFormValues,
  type ApiKeyRow,
  ApiKeysPage,
  emptyApiKeyForm,
} from "@pharmasight/views/tenant/api-keys.tsx";
import { Hono } from "hono";
import { ownOrigin } from "../../../http/addresses.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { shellFor } from "../shell.ts";

export const apiKeys = new Hono<EdgeEnv>();

apiKeys.get("/", async (c) => {
  const tenant = await member(c);
  return c.html(await page(c, tenant, { revoked: c.req.query("revoked") === "1" }));
});

// The new key is in the answer itself: in an address or a cookie it would be kept.
apiKeys.post("/", async (c) => {
  const tenant = await member(c);
  const values = apiKeyFormValues(await readMemberForm(c, tenant));
  const { name, scopes, expiresInDays } = values;
  try {
    const { key } = await ApiKeys.issue(tenant, {
      name,
      scopes,
      expiresInDays: expiresInDays === "" ? null : Number(expiresInDays),
    });
    return c.html(await page(c, tenant, { issued: { name: name.trim(), key } }), 201);
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    return c.html(await page(c, tenant, { values, errors: error.fields }), error.code === "conflict" ? 409 : 422);
  }
});

apiKeys.post("/:id/revoke", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  await ApiKeys.revoke(tenant, c.req.param("id"));
  return c.redirect("/settings/api-keys?revoked=1", 303);
});

interface PageState {
  readonly values?: ApiKeyFormValues;
  readonly errors?: Readonly<Record<string, string>>;
  readonly issued?: { readonly name: string; readonly key: string };
  readonly revoked?: boolean;
}

async function page(c: EdgeContext, tenant: TenantScope<Member>, state: PageState) {
  const keys = await ApiKeys.list(tenant);
  return (
    <ApiKeysPage
      shell={await shellFor(c, tenant)}
      keys={keys.map(apiKeyRow)}
      apiUrl={`${ownOrigin(new URL(c.req.url).hostname)}/api/v1`}
      values={state.values ?? emptyApiKeyForm}
      errors={state.errors ?? {}}
      revoked={state.revoked ?? false}
      {...(state.issued === undefined ? {} : { issued: state.issued })}
    />
  );
}

function apiKeyRow({ expiresAt, lastUsedAt, ...key }: ApiKeyDetails): ApiKeyRow {
  return {
    ...key,
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
  };
}

function apiKeyFormValues(form: PostedForm): ApiKeyFormValues {
  return {
    name: form.text("name").slice(0, 1000),
    scopes: apiScopes.filter((scope) => form.text(scope) === "on"),
    expiresInDays: form.text("expiresInDays").slice(0, 10),
  };
}
