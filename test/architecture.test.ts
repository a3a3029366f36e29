import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** Folder → folders of ours whose values it may import. Types may also come from what a view describes. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "core/kernel": ["core/kernel"],
  "core/ports": ["core/kernel", "core/ports"],
  "core/registry": ["core/kernel", "core/ports", "core/registry"],
  "core/control": ["core/kernel", "core/ports", "core/registry", "core/control"],
  "core/tenant": ["core/kernel", "core/ports", "core/registry", "core/tenant"],
  adapters: ["core/kernel", "core/ports", "core/registry", "core/control", "core/tenant", "adapters"],
  views: ["views"],
  "functions/control": [
    "core/kernel",
    "core/ports",
    "core/registry",
    "core/control",
    "adapters",
    "views",
    "functions/http",
    "functions/workers",
    "functions/control",
  ],
  // The one place where both planes meet, for people who pay: it lies beside the pages, and nothing imports it.
  "functions/tenant/billing": [
    "core/kernel",
    "core/ports",
    "core/registry",
    "core/control",
    "core/tenant",
    "adapters",
    "views",
    "functions/http",
    "functions/tenant",
    "functions/tenant/billing",
  ],
  "functions/tenant": [
    "core/kernel",
    "core/ports",
    "core/registry",
    "core/tenant",
    "adapters",
    "views",
    "functions/http",
    "functions/workers",
    "functions/tenant",
  ],
  "functions/http": ["core/kernel", "core/ports", "core/registry", "adapters", "views", "functions/http"],
  "functions/workers": ["core/kernel", "core/ports", "adapters", "functions/workers"],
};

/** Package → folders that may import it. */
const confined: ReadonlyArray<readonly [RegExp, readonly string[]]> = [
  [/^postgres$|^kysely-postgres-js$/, ["adapters"]],
  [/^@aws-sdk\//, ["adapters"]],
  [/^stripe$/, ["adapters"]],
  [/^better-auth|^@better-auth\//, ["adapters"]],
  [/^hono/, ["views", "functions/http", "functions/control", "functions/tenant", "functions/tenant/billing"]],
];

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const files = ["core", "adapters", "views", "functions"].flatMap((name) => sources(join(root, "packages", name)));
const imports = files.flatMap(importsOf);

describe("import directions", () => {
  test("every folder imports only what lies below it", () => {
    const wrong = imports.flatMap((found) => {
      const from = areaOf(found.file);
      const to = targetArea(found);
      if (to === undefined || from === undefined || found.typeOnly) return [];
      return mayImport[from]?.includes(to) ? [] : [`${relative(root, found.file)} imports ${found.specifier}`];
    });
    expect(wrong).toEqual([]);
  });

  test("drivers, SDKs and frameworks stay in their folders", () => {
    const wrong = imports.flatMap((found) => {
      const rule = confined.find(([pattern]) => pattern.test(found.specifier));
      const from = areaOf(found.file) ?? "";
      return rule === undefined || rule[1].includes(from)
        ? []
        : [`${relative(root, found.file)} imports ${found.specifier}`];
    });
    expect(wrong).toEqual([]);
  });

  test("one file reads the environment", () => {
    const readers = files.filter((file) => /\bprocess\.env\b/.test(readFileSync(file, "utf8")));
    expect(readers.map((file) => relative(root, file))).toEqual(["packages/adapters/config.ts"]);
  });

  test("only the doors take the query builder out of a tenant's connection", () => {
    const users = files.filter((file) => readFileSync(file, "utf8").includes("queryBuilderOf("));
    expect(users.map((file) => relative(root, file)).sort()).toEqual([
      "packages/core/tenant/connection.ts",
      "packages/core/tenant/scope.ts",
    ]);
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === "node_modules" || name === "dist") return [];
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name) ? [path] : [];
  });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^;"']*?from\s+"([^"]+)"/gm);
  const dynamic = text.matchAll(/\bimport\("([^"]+)"\)/g);
  return [
    ...[...statements].map((match) => ({ file, specifier: match[2] ?? "", typeOnly: match[1] !== undefined })),
    ...[...dynamic].map((match) => ({ file, specifier: match[1] ?? "", typeOnly: false })),
  ];
}

function areaOf(file: string): string | undefined {
  const path = relative(join(root, "packages"), file);
  return Object.keys(mayImport).find((area) => path.startsWith(`${area}/`));
}

function targetArea({ file, specifier }: Import): string | undefined {
  if (specifier.startsWith(".")) return areaOf(resolve(dirname(file), specifier));
  const own = /^@pharmasight\/(.+)$/.exec(specifier)?.[1];
  return own === undefined ? undefined : areaOf(join(root, "packages", own));
}

test("the lockfile knows the version of every package, those of other machines too", () => {
  // npm writes an entry without one for a package of another machine that the registry did not have at that moment. Once
  // the registry has it, `npm ci` stops at the entry.
  const lock: { packages: Record<string, { version?: string; link?: boolean }> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8"),
  );
  const entries = Object.entries(lock.packages).filter(([path, { link }]) => path !== "" && link !== true);
  expect(entries.length).toBeGreaterThan(500);
  expect(entries.filter(([, { version }]) => version === undefined).map(([path]) => path)).toEqual([]);
});
