export { Hostnames, type HostTarget } from "./hostnames.ts";
export { Modules } from "./modules.ts";
export { Subdomains, type SubdomainCheck } from "./subdomains.ts";
export type { LifecycleState, RegistryEntry, RegistryReader } from "./registry.ts";
