import type { FormContext } from "../shared/context.ts";
import type { TenantShell } from "./shell.tsx";

export interface SuspendedPageProps {
  context: FormContext;
  companyName: string;
  /** True when a trial ended without a subscription, false when a payment is missing. */
  trialEnded: boolean;
}

/** 402: the pharmacy is suspended until somebody pays. */
export function SuspendedPage({ companyName }: SuspendedPageProps) {
  return <p>{companyName}</p>;
}

export interface ModuleRequiredPageProps {
  shell: TenantShell;
  module: {
    name: string;
    summary: string;
    /** What one can do with it, in a few words each. */
    points: string[];
    planName: string;
    priceMonthlyUsd?: string;
  };
  /** Where the one button leads. */
  upgradeHref: string;
}

/** 403: what a module does, its plan and price, and one button. */
export function ModuleRequiredPage({ module }: ModuleRequiredPageProps) {
  return <p>{module.name}</p>;
}
