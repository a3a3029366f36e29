import type { Pharmacy } from "./stack.ts";

/** What a person does on the pages of an import, without a browser. */

async function formToken({ client, host }: Pharmacy): Promise<string> {
  const { text } = await client.ask(host, "/items/import");
  return /name="formToken" value="([^"]+)"/.exec(text)?.[1] ?? "";
}

/** Uploads a file. @returns path of the import's page */
export async function uploadImport(pharmacy: Pharmacy, file: File): Promise<string> {
  const { client, host } = pharmacy;
  const form = new FormData();
  form.set("formToken", await formToken(pharmacy));
  form.set("file", file);
  const encoded = new Request("http://localhost/items/import", { method: "POST", body: form });
  const reply = await client.ask(host, "/items/import", {
    body: new Uint8Array(await encoded.arrayBuffer()),
    headers: { "content-type": encoded.headers.get("content-type") ?? "" },
  });
  if (reply.status !== 303) throw new Error(`The file was refused: ${reply.status} ${reply.text.slice(0, 2000)}`);
  return String(reply.headers["location"]);
}

/** Presses a button of an import's page. */
export async function pressImport(
  pharmacy: Pharmacy,
  path: string,
  form: Readonly<Record<string, string>> = {},
): Promise<void> {
  const body = { ...form, formToken: await formToken(pharmacy) };
  const reply = await pharmacy.client.ask(pharmacy.host, path, { form: body });
  if (reply.status !== 303) throw new Error(`${path} was refused: ${reply.status} ${reply.text.slice(0, 2000)}`);
}

/** The form of the columns: the first one is `fields[0]` and so on, everything else as in most files. */
export const importMapping = (fields: readonly string[], branchId: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(fields.map((field, column) => [`column-${column}`, field])),
  rate: "1",
  taxClass: "zero_rated",
  priceUnit: "base",
  costUnit: "base",
  stockUnit: "base",
  dateOrder: "dmy",
  branchId,
});

/** The form of the columns as the page proposes it. */
export function proposedMapping(page: string): Record<string, string> {
  const selects = [...page.matchAll(/<select[^>]*name="([^"]+)"[^>]*>(.*?)<\/select>/gs)].map(
    ([, name = "", options = ""]) => [name, /<option value="([^"]*)" selected/.exec(options)?.[1] ?? ""],
  );
  const rate = /name="rate"[^>]*value="([^"]*)"/.exec(page)?.[1] ?? /value="([^"]*)"[^>]*name="rate"/.exec(page)?.[1];
  return { rate: rate ?? "", ...Object.fromEntries(selects) };
}
