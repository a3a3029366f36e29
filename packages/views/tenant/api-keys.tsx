import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { EmptyState } from "../shared/empty-state.tsx";
import { CheckboxField, SelectField, TextField } from "../shared/fields.tsx";
import { countOf, formatDay } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { Writable } from "../shared/writing.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

type ApiScope = "items:read" | "items:write";

export interface ApiKeyRow {
  id: string;
  name: string;
  /** The beginning of the key, by which people tell keys apart. */
  prefix: string;
  scopes: readonly ApiScope[];
  createdAt: Date;
  createdByName: string;
  /** Absent: until it is revoked. */
  expiresAt?: Date;
  isExpired: boolean;
  /** Absent: never. */
  lastUsedAt?: Date;
  useCount: number;
}

/** As chosen by the person, and shown again when something is wrong. */
export interface ApiKeyFormValues {
  name: string;
  scopes: readonly ApiScope[];
  /** Empty: until it is revoked. */
  expiresInDays: string;
}

export const emptyApiKeyForm: ApiKeyFormValues = { name: "", scopes: ["items:read"], expiresInDays: "365" };

export interface ApiKeysPageProps {
  shell: TenantShell;
  keys: ApiKeyRow[];
  /** Where programs call, for example `https://acacia.pharmasight.com/api/v1`. */
  apiUrl: string;
  values: ApiKeyFormValues;
  errors: FieldErrors;
  /** A key that was made just now: this page is the only one that ever shows it. */
  issued?: { name: string; key: string };
  /** A key was revoked just now. */
  revoked: boolean;
}

const scopeLabels: Readonly<Record<ApiScope, { label: string; help: string }>> = {
  "items:read": { label: "Read items", help: "List, search and look at items and prices." },
  "items:write": { label: "Add and change items", help: "Add items to your catalogue, and change those in it." },
};

const scopes = ["items:read", "items:write"] as const satisfies readonly ApiScope[];

const lifetimes = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "", label: "Until it is revoked" },
];

/**
 * Forms: POST /settings/api-keys with name, a checkbox for each scope, expiresInDays, formToken; and
 * POST /settings/api-keys/:id/revoke with formToken.
 */
export function ApiKeysPage({ shell, keys, apiUrl, values, errors, issued, revoked }: ApiKeysPageProps) {
  return (
    <SettingsLayout shell={shell} title="API keys" subtitle="Let your own programs read and add items.">
      {issued === undefined ? null : <IssuedKey {...issued} />}
      {revoked ? (
        <div class="mb-6">
          <Alert tone="success" title="The key is revoked.">
            Programs that use it are refused from now on.
          </Alert>
        </div>
      ) : null}
      <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem] lg:grid-rows-[auto_1fr]">
        <KeyList shell={shell} keys={keys} />
        <div class="lg:col-start-2 lg:row-span-2 lg:row-start-1">
          <NewKeyForm shell={shell} values={values} errors={errors} />
        </div>
        <HowToCall apiUrl={apiUrl} />
      </div>
    </SettingsLayout>
  );
}

function IssuedKey({ name, key }: { name: string; key: string }) {
  return (
    <section class="card mb-6 p-5 sm:p-6" aria-labelledby="issued">
      <div class="flex gap-3">
        <Icon name="circle-check" class="mt-0.5 size-5 text-primary" />
        <div class="min-w-0 flex-1">
          <h2 id="issued" class="break-words font-semibold" role="status">
            The key “{name}” is ready
          </h2>
          <p class="mt-1 text-muted">
            Copy it now and keep it like a password. It is not shown again: if it is lost, make another one.
          </p>
          <code class="mt-4 block select-all break-all rounded-lg border border-line bg-base-200 px-4 py-3 font-mono text-sm">
            {key}
          </code>
          <p class="mt-2 text-muted text-xs">One click or a long press selects all of it, ready to copy.</p>
        </div>
      </div>
    </section>
  );
}

function KeyList({ shell, keys }: { shell: TenantShell; keys: ApiKeyRow[] }) {
  if (keys.length === 0) {
    return (
      <div class="card">
        <EmptyState
          icon="key-round"
          title="No keys yet"
          message="A key lets a program, such as your web shop, work with your items. Make one for each program, so that you can stop one without the others."
        />
      </div>
    );
  }
  return (
    <div class="card overflow-clip">
      <h2 class="border-line border-b px-4 py-3 font-semibold sm:px-5">Your keys</h2>
      <ul class="divide-y divide-line">
        {keys.map((key) => (
          <li class="flex flex-wrap items-start justify-between gap-x-4 gap-y-3 px-4 py-4 sm:px-5">
            <KeySummary apiKey={key} timeZone={shell.company.timeZone} />
            <Revocation shell={shell} apiKey={key} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function KeySummary({ apiKey, timeZone }: { apiKey: ApiKeyRow; timeZone: string }) {
  const { name, prefix, lastUsedAt, expiresAt, useCount } = apiKey;
  return (
    <div class="min-w-0 flex-1 basis-56">
      <p class="break-words font-medium">{name}</p>
      <p class="mt-0.5 font-mono text-muted text-xs">{prefix}…</p>
      <p class="mt-2 flex flex-wrap gap-1.5">
        {apiKey.isExpired ? <Badge tone="warning">Expired</Badge> : null}
        {apiKey.scopes.map((scope) => (
          <Badge tone="neutral">{scopeLabels[scope].label}</Badge>
        ))}
      </p>
      <p class="mt-2 text-muted text-xs tabular-nums">
        {lastUsedAt === undefined ? (
          "Never used"
        ) : (
          <>
            Last used <Moment at={lastUsedAt} timeZone={timeZone} />, {countOf(useCount, "call")}
          </>
        )}
      </p>
      <p class="mt-0.5 text-muted text-xs">
        Made by {apiKey.createdByName} on {formatDay(apiKey.createdAt, timeZone)}.{" "}
        {expiresAt === undefined
          ? "Works until it is revoked."
          : `${apiKey.isExpired ? "Worked" : "Works"} until ${formatDay(expiresAt, timeZone)}.`}
      </p>
    </div>
  );
}

/** The question is a popover: the browser opens and closes it without a script, also by keyboard. */
function Revocation({ shell, apiKey }: { shell: TenantShell; apiKey: ApiKeyRow }) {
  const id = `revoke-${apiKey.id}`;
  return (
    <Writable>
      <button type="button" popovertarget={id} class="btn btn-plain btn-sm">
        Revoke<span class="sr-only"> {apiKey.name}</span>
      </button>
      <div
        id={id}
        popover="auto"
        role="dialog"
        aria-labelledby={`${id}-title`}
        class="m-auto w-full max-w-md bg-transparent p-4 text-base-content backdrop:bg-black/40"
      >
        <form method="post" action={`/settings/api-keys/${apiKey.id}/revoke`} data-once class="card p-5 sm:p-6">
          <FormToken token={shell.context.formToken} />
          <h3 id={`${id}-title`} class="break-words font-semibold text-base">
            Revoke “{apiKey.name}”?
          </h3>
          <p class="mt-2 text-muted">
            Programs that use the key {apiKey.prefix}… stop working at once. This cannot be undone.
          </p>
          <div class="mt-5 flex flex-wrap justify-end gap-2">
            <button type="button" popovertarget={id} popovertargetaction="hide" class="btn btn-ghost">
              Keep it
            </button>
            <SubmitButton busy="Revoking…" class="btn-error">
              Revoke key
            </SubmitButton>
          </div>
        </form>
      </div>
    </Writable>
  );
}

function HowToCall({ apiUrl }: { apiUrl: string }) {
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="calling">
      <h2 id="calling" class="font-semibold">
        How programs call
      </h2>
      <p class="mt-1 text-muted">They send the key in a header of every request, never in the address.</p>
      <pre class="mt-4 whitespace-pre-wrap break-all rounded-lg border border-line bg-base-200 px-4 py-3 font-mono text-xs">
        {`GET ${apiUrl}/items?search=amox\nAuthorization: Bearer ps_…`}
      </pre>
      <p class="mt-3">
        <a href="/api/v1/openapi.json" class="link">
          Description of the API (OpenAPI)
        </a>
      </p>
    </section>
  );
}

function NewKeyForm({ shell, values, errors }: Pick<ApiKeysPageProps, "shell" | "values" | "errors">) {
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="new-key">
      <h2 id="new-key" class="font-semibold">
        New key
      </h2>
      <form method="post" action="/settings/api-keys" data-once class="mt-4 space-y-5" novalidate>
        <FormToken token={shell.context.formToken} />
        <TextField
          name="name"
          label="What is it for?"
          value={values.name}
          error={errors.name}
          attributes={{ required: true, maxlength: 100, autocomplete: "off", placeholder: "Web shop" }}
        />
        <fieldset>
          <legend class="mb-2 font-medium">It may</legend>
          <div class="space-y-3">
            {scopes.map((scope, index) => (
              <CheckboxField
                name={scope}
                value="on"
                checked={values.scopes.includes(scope)}
                {...(index === scopes.length - 1 ? { error: errors.scopes } : {})}
              >
                {scopeLabels[scope].label}
                <span class="block text-muted text-xs">{scopeLabels[scope].help}</span>
              </CheckboxField>
            ))}
          </div>
        </fieldset>
        <SelectField
          name="expiresInDays"
          label="It works for"
          value={values.expiresInDays}
          error={errors.expiresInDays}
          options={lifetimes}
        />
        <SubmitButton busy="Making…" class="btn-primary w-full" grows>
          Make key
        </SubmitButton>
      </form>
    </section>
  );
}
