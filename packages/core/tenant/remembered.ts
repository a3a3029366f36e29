/**
 * How many sessions, tokens and API keys a process remembers of each open pharmacy. More than are in use at once, and few,
 * because a cache takes its memory when it is made, and hundreds of pharmacies are open in one process.
 */
export const REMEMBERED_MAX = 200;
