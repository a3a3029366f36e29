export { Hostnames, type HostTarget } from "./hostnames.ts";
export { Modules } from "./modules.ts";
export type { LifecycleState, RegistryEntry, RegistryReader } from "./registry.ts";
export { type SubdomainCheck, Subdomains } from "./subdomains.ts";
