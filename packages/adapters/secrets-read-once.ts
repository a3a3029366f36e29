import type { Secrets } from "@pharmasight/core/ports/secrets";

/**
 * Secrets of which each is read once, and what was written here is not read at all. For the length of one run: what
 * others write meanwhile is not seen.
 */
export function secretsReadOnce(secrets: Secrets): Secrets {
  const known = new Map<string, Promise<string>>();
  return {
    create: async (name, value) => {
      const made = await secrets.create(name, value);
      if (made.created) known.set(made.reference, Promise.resolve(value));
      return made;
    },

    read: (reference) => {
      const value = known.get(reference) ?? secrets.read(reference);
      known.set(reference, value);
      // A failure is no answer to keep.
      value.catch(() => known.delete(reference));
      return value;
    },

    // A secret may be known by its name and by its reference: after a change nothing is.
    replace: async (reference, value) => {
      known.clear();
      await secrets.replace(reference, value);
      known.set(reference, Promise.resolve(value));
    },

    delete: async (reference) => {
      known.clear();
      await secrets.delete(reference);
    },
  };
}
