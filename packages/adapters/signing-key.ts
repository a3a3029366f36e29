import type { Secrets } from "@pharmasight/core/ports/secrets";

/** Reads the stage's master key (base64url) on first use and keeps it: it does not change while a process lives. */
export function masterKeyOf(secrets: Secrets, reference: string): () => Promise<Uint8Array> {
  let key: Promise<Uint8Array> | undefined;
  return () => {
    key ??= secrets.read(reference).then(
      (value) => new Uint8Array(Buffer.from(value, "base64url")),
      (error: unknown) => {
        key = undefined;
        throw error;
      },
    );
    return key;
  };
}
