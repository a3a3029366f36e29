export * as Signed from "./signed.ts";

import { parseJson } from "./json.ts";
import { equalInConstantTime, hmac } from "./tokens.ts";

const LENGTH_MAX = 1000;

/** A value as signed text that may travel: `body.signature`. The key's purpose says what kind of token it is. */
export function write(value: Readonly<Record<string, unknown>>, key: Uint8Array): string {
  const body = Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${body}.${hmac(key, body)}`;
}

/** The value of a text that `key` signed, for a schema to judge; `undefined` for anything else. */
export function read(text: string, key: Uint8Array): unknown {
  if (text.length > LENGTH_MAX) return undefined;
  const [body, signature, rest] = text.split(".");
  if (body === undefined || signature === undefined || rest !== undefined) return undefined;
  if (!equalInConstantTime(signature, hmac(key, body))) return undefined;
  return parseBody(body);
}

/** What a text says, whoever signed it: never to be believed. */
export function readUnverified(text: string): unknown {
  const body = text.length > LENGTH_MAX ? undefined : text.split(".")[0];
  return body === undefined ? undefined : parseBody(body);
}

const parseBody = (body: string): unknown => parseJson(Buffer.from(body, "base64url").toString());
