import { CodePage } from "@pharmasight/views/control/code.tsx";
import { LandingPage } from "@pharmasight/views/control/landing.tsx";
import { MessagePage } from "@pharmasight/views/control/message.tsx";
import type { PlanCard } from "@pharmasight/views/control/plans.tsx";
import { ProgressPage, type ProgressStep } from "@pharmasight/views/control/progress.tsx";
import { SignUpPage } from "@pharmasight/views/control/sign-up.tsx";
import type { PageContext } from "@pharmasight/views/shared/context";
import { BeingSetUpPage, ErrorPage, NotFoundPage } from "@pharmasight/views/shared/error-page.tsx";
import { type ApiKeyRow, ApiKeysPage, emptyApiKeyForm } from "@pharmasight/views/tenant/api-keys.tsx";
import { DashboardPage } from "@pharmasight/views/tenant/dashboard.tsx";
import { ModuleRequiredPage, SuspendedPage } from "@pharmasight/views/tenant/errors.tsx";
import type { ImportRow, ImportRun } from "@pharmasight/views/tenant/import-runs";
import { ImportPage, ImportProgressPage } from "@pharmasight/views/tenant/imports.tsx";
import { ItemPage } from "@pharmasight/views/tenant/item.tsx";
import { emptyItemForm, ItemFormPage } from "@pharmasight/views/tenant/item-form.tsx";
import { type ItemRow, ItemsPage } from "@pharmasight/views/tenant/items.tsx";
import { PasswordPage } from "@pharmasight/views/tenant/password.tsx";
import type { TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { SignInPage } from "@pharmasight/views/tenant/sign-in.tsx";
import { SignInLinkPage } from "@pharmasight/views/tenant/sign-in-link.tsx";

/** Ends an attribute and an element, opens others, and loads something: what a page must show as plain text. */
export const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)> O'Brien & Sons`;
const long = "Waithera & Daughters Community Pharmacy and Surgical Supplies of Upper Kabete and Lower Kangemi Limited";
const unbroken = "Pneumonoultramicroscopicsilicovolcanoconiosis".repeat(4);

const plans: PlanCard[] = [
  {
    code: "starter",
    name: "Starter",
    priceMonthlyUsd: "99.00",
    priceYearlyUsd: "990.00",
    summary: "For one pharmacy that wants its stock and sales in order.",
    limits: ["1 branch", "5 users", "10,000 items"],
    modules: ["Inventory", "Sales", "Purchases"],
  },
  {
    code: "professional",
    name: "Professional",
    priceMonthlyUsd: "299.00",
    priceYearlyUsd: "2990.00",
    summary: "For pharmacies with branches, stock takes and reports.",
    limits: ["5 branches", "20 users", "50,000 items"],
    modules: ["Everything in Starter", "Reports", "Stock take", "Several branches", "Access for your own programs"],
  },
  {
    code: "enterprise",
    name: "Enterprise",
    summary: "For chains, with a contract of their own.",
    limits: ["As many branches, users and items as you need"],
    modules: ["Everything in Professional", "Priority support", "A server of your own"],
  },
];

const finished: ProgressStep[] = [
  { name: "Reserve your address", state: "done" },
  { name: "Make your database", state: "done" },
  { name: "Lock it for you alone", state: "done" },
  { name: "Prepare tables and settings", state: "done" },
  { name: "Create your sign-in", state: "done" },
  { name: "Start your free trial", state: "done" },
];

const half = finished.map((step, index): ProgressStep => {
  if (index < 2) return step;
  if (index === 2) return { ...step, state: "running", detail: "Second attempt" };
  return { ...step, state: "waiting" };
});

const broken = half.map((step): ProgressStep => (step.state === "running" ? { ...step, state: "failed" } : step));

const medicines: readonly [
  name: string,
  generic: string,
  strength: string,
  form: string,
  price: string,
  brands: string,
][] = [
  ["Abacavir 300 mg", "Abacavir", "300 mg", "tab-cap", "30.2742", "Ziagen"],
  [
    "Amoxicillin 500 mg capsules",
    "Amoxicillin",
    "500 mg",
    "Capsule",
    "4.2",
    "Amoxil, Moxatag, Trimox, Wymox, Dispermox, Larotid",
  ],
  ["Artemether+Lumefantrine 20mg+120mg", "Artemether+Lumefantrine", "20mg+120mg", "tab-cap", "0.0917", "Coartem"],
  ["Insulin glargine 100 IU/ml", "Insulin glargine", "100 IU/ml", "Injection", "1234567.5", "Lantus"],
  ["Paracetamol 500 mg", "Paracetamol", "500 mg", "Tablet", "1.00", "Panadol, Calpol"],
];

const items: ItemRow[] = medicines.map(([name, genericName, strength, form, price, brandNames], index) => ({
  id: `0193-${index}`,
  sku: `ITM-00${index + 1}`,
  name,
  genericName,
  brandNames,
  strength,
  form,
  price,
  currency: "KES",
  unit: index === 3 ? "vial" : "tablet",
  taxClass: index === 0 ? null : index === 3 ? "standard" : "zero_rated",
  setupComplete: index !== 0,
}));

const bare: ItemRow = {
  id: "bare",
  sku: "ITM-0099",
  name: "Cotton wool",
  currency: "KES",
  unit: "roll",
  taxClass: null,
  setupComplete: false,
};

const hostileItem: ItemRow = { ...bare, id: "hostile", name: hostile, brandNames: unbroken, unit: unbroken };

const at = new Date("2026-11-24T00:59:00Z");
const run: ImportRun = {
  id: "0193-run",
  fileName: "medicines.csv",
  state: "running",
  createdAt: at,
  read: 6240,
  total: 10_000,
  added: 6100,
  skipped: 97,
  rejected: 43,
  rowsPerSecond: 412.4,
  secondsLeft: 9,
  rejectedRows: [],
};

const rejectedRows = Array.from({ length: 6 }, (_, index) => ({
  row: 17 + index * 211,
  text: index === 3 ? hostile + unbroken : "Abacavir, 20 mg/ml, solution, twelve",
  reason: index === 3 ? hostile : "The price “twelve” is no number. Write it like 12.50.",
}));

const recent: ImportRow[] = [
  {
    id: "1",
    fileName: "medicines.csv",
    state: "done",
    createdAt: at,
    read: 1074,
    added: 1070,
    skipped: 0,
    rejected: 4,
  },
  {
    id: "2",
    fileName: `${unbroken}.csv`,
    state: "failed",
    createdAt: at,
    read: 12,
    added: 12,
    skipped: 0,
    rejected: 0,
  },
  {
    id: "3",
    fileName: "second list.csv",
    state: "running",
    createdAt: at,
    read: 90,
    added: 90,
    skipped: 0,
    rejected: 0,
  },
];

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

const checklist = [
  { label: "Import your items", href: "/items/import", done: false },
  { label: "Choose a password", href: "/auth/password", done: true },
  { label: "Set the tax class of 12 items", href: "/items", done: false },
];

const errors = {
  companyName: "Enter the name of your pharmacy.",
  subdomain: "This address is taken. Try another one.",
  email: "Enter an address like name@example.com.",
  termsAccepted: "Accept the terms to go on.",
};

/** Every page in its states, by the path under which the test serves it. */
export function samplePages(assets: PageContext["assets"]): Readonly<Record<string, unknown>> {
  const context = { assets, requestId: "req-0193f0c2-7a41", version: "0.1.0", path: "/", formToken: "form-token" };
  const shellOf = (current: string, name: string, trialDaysLeft: number): TenantShell => ({
    context,
    company: { name, timeZone: "Africa/Nairobi" },
    member: { name: name === hostile ? hostile : "Grace Wanjiru", email: "grace@acacia.example", role: "Owner" },
    trialDaysLeft,
    navigation: [
      { label: "Overview", href: "/", icon: "layout-dashboard", current: current === "Overview" },
      { label: "Items", href: "/items", icon: "package", current: current === "Items" },
      { label: "Sales", href: "/sales", icon: "shopping-cart", current: false },
      { label: "Purchases", href: "/purchases", icon: "truck", current: false },
      { label: "Reports", href: "/reports", icon: "chart-column", current: false, locked: "Professional" },
      { label: "Branches", href: "/branches", icon: "building-2", current: false, locked: "Professional" },
      { label: "API keys", href: "/settings/api-keys", icon: "key-round", current: current === "API keys" },
    ],
  });
  const shell = shellOf("Items", "Acacia Pharmacy", 12);
  const companyName = "Acacia Pharmacy";
  const signUp = {
    context,
    plans: plans.slice(0, 2),
    rootHost: "pharmasight.com",
    termsVersion: "2026-11",
    formToken: "t",
  };
  const setUp = {
    context,
    companyName,
    address: "https://acacia.pharmasight.com",
    pollPath: "/poll",
    supportMail: "support@pharmasight.com",
  };
  const keysPage = {
    shell: shellOf("API keys", companyName, 12),
    keys: apiKeys,
    apiUrl: "https://acacia.pharmasight.com/api/v1",
    values: emptyApiKeyForm,
    errors: {},
    revoked: false,
  };
  const list = { shell, search: "", items, total: 1074, next: "/items?after=x" };

  return {
    landing: <LandingPage context={context} plans={plans} salesMail="sales@pharmasight.com" />,
    "sign-up": (
      <SignUpPage
        {...signUp}
        values={{
          companyName: "",
          ownerName: "",
          email: "",
          subdomain: "",
          plan: "professional",
          termsAccepted: false,
        }}
        errors={{}}
      />
    ),
    "sign-up-errors": (
      <SignUpPage
        {...signUp}
        rootHost={`${unbroken}.pharmasight.localhost:3000`}
        values={{
          companyName: hostile,
          ownerName: hostile,
          email: hostile,
          subdomain: hostile,
          plan: "starter",
          termsAccepted: false,
        }}
        errors={errors}
      />
    ),
    code: <CodePage context={context} email="grace@acacia.example" formToken="t" />,
    "code-error": (
      <CodePage
        context={context}
        email={hostile}
        formToken="t"
        attemptsLeft={3}
        resent
        error="That is not the code. Look in the newest mail."
      />
    ),
    "progress-working": <ProgressPage {...setUp} steps={half} state="working" />,
    "progress-ready": <ProgressPage {...setUp} steps={finished} state="ready" />,
    "progress-failed": <ProgressPage {...setUp} companyName={hostile} steps={broken} state="failed" />,
    "progress-queue": <ProgressPage {...setUp} companyName={long} steps={[]} state="waiting" />,
    message: (
      <MessagePage
        context={context}
        title="Sign-ups open again tomorrow"
        message="Many pharmacies joined today."
        action={{ label: "Back to the start", href: "/" }}
      />
    ),
    "sign-in": <SignInPage context={context} companyName={companyName} values={{ email: "" }} />,
    "sign-in-error": (
      <SignInPage
        context={context}
        companyName={hostile}
        values={{ email: hostile }}
        error="Email or password is wrong."
        linkSent
      />
    ),
    "sign-in-link": <SignInLinkPage context={context} companyName={long} token="token" />,
    "sign-in-link-used": (
      <SignInLinkPage
        context={context}
        companyName={companyName}
        token=""
        error="It was used already, or is older than 15 minutes."
      />
    ),
    password: <PasswordPage context={context} companyName={companyName} email="grace@acacia.example" errors={{}} />,
    "password-errors": (
      <PasswordPage
        context={context}
        companyName={companyName}
        email="grace@acacia.example"
        errors={{ password: "Use at least 12 characters." }}
      />
    ),
    dashboard: (
      <DashboardPage
        shell={shellOf("Overview", companyName, 12)}
        itemCount={1074}
        branchName="Main branch"
        checklist={checklist}
        recentImports={recent}
      />
    ),
    "dashboard-empty": (
      <DashboardPage
        shell={shellOf("Overview", long, 2)}
        itemCount={0}
        branchName="Main branch"
        checklist={checklist}
        recentImports={[]}
      />
    ),
    items: <ItemsPage {...list} />,
    "items-hostile": (
      <ItemsPage
        {...list}
        shell={shellOf("Items", hostile, 0)}
        search={hostile}
        items={[hostileItem, bare, ...items]}
        total={7}
        previous="/items?before=y"
      />
    ),
    "items-empty": <ItemsPage shell={shell} search="" items={[]} total={0} />,
    "items-none-found": <ItemsPage shell={shell} search="amoxxx" items={[]} total={0} />,
    item: (
      <ItemPage
        shell={shell}
        added
        item={{
          ...(items[1] ?? bare),
          barcode: "6164001234567",
          wholesaleUnit: { name: "box", holds: "100.0000" },
          supplierUnit: { name: "carton", holds: "24.0000" },
          isControlled: true,
          isPrescriptionOnly: true,
          isColdChain: true,
          createdAt: at,
          updatedAt: at,
        }}
      />
    ),
    "item-hostile": (
      <ItemPage
        shell={shell}
        item={{
          ...hostileItem,
          isControlled: false,
          isPrescriptionOnly: false,
          isColdChain: false,
          createdAt: at,
          updatedAt: at,
        }}
      />
    ),
    "item-form": <ItemFormPage shell={shell} values={emptyItemForm} errors={{}} currency="KES" />,
    "item-form-errors": (
      <ItemFormPage
        shell={shell}
        values={{ ...emptyItemForm, name: hostile, basePerWholesale: "ten", wholesaleUnit: "box" }}
        errors={{
          baseUnit: "Enter the smallest unit that you sell, such as tablet.",
          basePerWholesale: "Enter a number, such as 10.",
        }}
        currency="KES"
      />
    ),
    import: <ImportPage shell={shell} errors={{}} recent={recent} currency="KES" />,
    "import-errors": (
      <ImportPage
        shell={shell}
        errors={{ file: "This file has no column generic_name.", rate: "Enter a number above 0." }}
        recent={[]}
        currency="KES"
      />
    ),
    "import-running": <ImportProgressPage shell={shell} run={run} />,
    "import-waiting": (
      <ImportProgressPage
        shell={shell}
        run={{ ...run, state: "waiting", read: 0, added: 0, skipped: 0, rejected: 0 }}
      />
    ),
    "import-done": <ImportProgressPage shell={shell} run={{ ...run, state: "done", rejectedRows }} />,
    "import-failed": (
      <ImportProgressPage shell={shell} run={{ ...run, state: "failed", fileName: hostile, failure: hostile }} />
    ),
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
        shell={shellOf("API keys", hostile, 0)}
        keys={apiKeys.map((key) => ({ ...key, name: hostile + unbroken, createdByName: hostile }))}
        apiUrl={`https://${unbroken}.pharmasight.com/api/v1`}
        values={{ name: hostile, scopes: [], expiresInDays: "" }}
        errors={{ name: "Use at most 100 characters.", scopes: "Choose what programs may do with this key." }}
        issued={{ name: hostile + unbroken, key: unbroken }}
      />
    ),
    "error-404": <NotFoundPage context={context} homeUrl="https://pharmasight.com" />,
    "error-429": <ErrorPage context={context} code="rate_limited" retryAfterSeconds={40} />,
    "error-500": <ErrorPage context={context} code="internal" />,
    "error-503": <ErrorPage context={context} code="maintenance" retryAfterSeconds={600} />,
    "error-hostile": <ErrorPage context={context} code="invalid_input" message={hostile} />,
    "error-setting-up": <BeingSetUpPage context={context} />,
    "error-402": <SuspendedPage context={context} companyName={companyName} trialEnded />,
    "error-module": (
      <ModuleRequiredPage
        shell={shellOf("Reports", companyName, 12)}
        upgradeHref="/plan"
        module={{
          name: "Reports",
          summary: "See what sells, what earns and what expires",
          points: [
            "Sales and gross profit by day, branch and cashier",
            "Stock value on any date",
            "Items that expire in 30, 60 and 90 days",
          ],
          planName: "Professional",
          priceMonthlyUsd: "299.00",
        }}
      />
    ),
  };
}
