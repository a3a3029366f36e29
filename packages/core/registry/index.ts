export { Entitlements } from "./entitlements/entitlements.ts";
export { Hostnames, type HostTarget } from "./hostnames.ts";
export type { LifecycleState, RegistryEntry, RegistryReader } from "./registry.ts";
export { type SubdomainCheck, Subdomains } from "./subdomains.ts";
