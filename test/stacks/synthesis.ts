import { readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FunctionSpec } from "@pharmasight/functions/manifest";
import { Aspects } from "aws-cdk-lib";
import type { CloudAssembly } from "aws-cdk-lib/cx-api";
import { AwsSolutionsChecks } from "cdk-nag";
import { App, Function as SstFunction } from "sst/constructs";
import { initProject, useProject } from "sst/project.js";
import sstConfig from "../../sst.config.ts";

export const STAGE = "test";
export const ROOT_DOMAIN = "pharmasight.example";

export const deployment = {
  ROOT_DOMAIN,
  HOSTED_ZONE_ID: "Z0000000000000000000",
  CERTIFICATE_ARN: "arn:aws:acm:eu-central-1:111111111111:certificate/00000000-0000-0000-0000-000000000000",
  MAIL_FROM: `no-reply@${ROOT_DOMAIN}`,
  ALARM_EMAIL: `alarms@${ROOT_DOMAIN}`,
  DATABASE_CA: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  SUPABASE_ORGANIZATION: "pharmasight",
  SUPABASE_REGION: "eu-central-1",
  POSTGRES_REGION: "nairobi-1",
  POSTGRES_POOLER_HOST: "pooler.pharmasight.example",
  PLAN_PLACES: '{"enterprise": {"provider": "postgres", "region": "nairobi-1", "size": "shared"}}',
  LOG_LEVEL: "INFO",
};

export interface Synthesis {
  readonly assembly: CloudAssembly;
  bundleOf(spec: FunctionSpec): Bundle;
  remove(): Promise<void>;
}

/** What Lambda would unpack, in a folder outside the repository: it finds no `node_modules` there. */
export interface Bundle {
  readonly taskRoot: string;
  readonly file: string;
}

/** Bytes of code, in whichever files. */
export function bundleBytes({ file }: Bundle): number {
  const folder = dirname(file);
  const code = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
  return code.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** Builds every bundle and the templates of every stack, without network and account. */
export async function synthesise(): Promise<Synthesis> {
  const own = { ...process.env };
  Object.assign(process.env, deployment);
  await initProject({ stage: STAGE });
  // Folders of their own: SST's default ones are shared by all runs and never cleaned.
  const out = await mkdtemp(join(tmpdir(), "pharmasight-stacks-"));
  const { paths } = useProject();
  Object.assign(paths, { out, artifacts: join(out, "artifacts") });
  const app = new App(
    { mode: "deploy", name: "pharmasight", stage: STAGE, region: "eu-central-1", account: "111111111111" },
    { outdir: join(out, "cdk.out") },
  );
  sstConfig.stacks(app);
  // What runs after this in the process is configured by others.
  for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
  Object.assign(process.env, own);
  Aspects.of(app).add(new AwsSolutionsChecks());
  await app.finish();
  const built = app.node.findAll().filter((construct) => construct instanceof SstFunction);
  return {
    assembly: app.synth(),
    remove: () => rm(out, { recursive: true, force: true }),
    bundleOf: (spec) => {
      const id = spec.entry.replace("packages/functions/", "").replaceAll("/", "-");
      const fn = built.find((candidate) => candidate.id === id);
      if (fn === undefined) throw new Error(`${spec.entry} is not in any stack.`);
      const taskRoot = join(out, "artifacts", fn.node.addr);
      return { taskRoot, file: join(taskRoot, `${spec.entry}.mjs`) };
    },
  };
}
