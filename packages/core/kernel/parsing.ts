/**
 * For what a process parses a few times. Zod makes a function of an object's schema at its first use, which is worth it
 * for what every request parses; the start of a process pays a millisecond for each.
 */
export const UNCOMPILED = { jitless: true } as const;
