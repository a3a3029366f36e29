import type { Child } from "hono/jsx";
import type { FormContext } from "../shared/context.ts";
import type { IconName } from "../shared/icons.tsx";

export interface NavigationEntry {
  label: string;
  href: string;
  icon: IconName;
  current: boolean;
  /** Name of the plan that has this module, when the pharmacy's plan does not. */
  locked?: string;
}

/** What surrounds every page of a signed-in member. */
export interface TenantShell {
  context: FormContext;
  company: {
    name: string;
    /** IANA name, for example `Africa/Nairobi`: dates are shown in it. */
    timeZone: string;
  };
  member: { name: string; email: string; role: string };
  /** Whole days until the trial ends; absent outside a trial. */
  trialDaysLeft?: number;
  navigation: NavigationEntry[];
}

export interface TenantLayoutProps {
  shell: TenantShell;
  title: string;
  children?: Child;
}

export function TenantLayout({ title, children }: TenantLayoutProps) {
  return <main title={title}>{children}</main>;
}
