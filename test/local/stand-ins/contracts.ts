import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { decodeForm } from "@pharmasight/local/stand-ins/stripe/form";
import { Ajv2020 } from "ajv/dist/2020.js";

/** One request that went through the recorder, and what came back. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly status: number;
  readonly reply: unknown;
}

export interface Recorder {
  readonly url: string;
  readonly exchanges: Exchange[];
  stop(): Promise<void>;
}

/** A proxy between an adapter and a stand-in that keeps every exchange. */
export async function record(target: string): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const { host: _, connection: __, "content-length": ___, "transfer-encoding": ____, ...headers } = request.headers;
    const method = request.method ?? "GET";
    const reply = await fetch(`${target}${request.url}`, {
      method,
      headers: headers as Record<string, string>,
      body: method === "POST" ? body : null,
    });
    const text = await reply.text();
    const url = new URL(request.url ?? "/", target);
    exchanges.push({
      method,
      path: url.pathname,
      query: url.searchParams,
      body,
      status: reply.status,
      reply: JSON.parse(text),
    });
    response.writeHead(reply.status, { "content-type": reply.headers.get("content-type") ?? "application/json" });
    response.end(text);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    exchanges,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: object;
}
interface Operation {
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Record<string, unknown>> };
}

export interface Contract {
  /** Everything in the exchange that the vendor's description does not allow. */
  violations(exchange: Exchange): string[];
  /** Everything in an object that the description of its kind does not allow. */
  objectViolations(schema: string, object: unknown): string[];
}

const folder = resolve(import.meta.dirname, "../../../../shared/contracts");

/** Whether the vendors' descriptions lie beside the repository; they are not ours to publish. */
export const contractsArePresent = existsSync(folder);

/** A vendor's OpenAPI 3.1 description. */
export function openContract(file: string): Contract {
  const document = JSON.parse(readFileSync(resolve(folder, file), "utf8")) as Document;
  for (const schema of Object.values(document.components.schemas)) closeObjects(schema);
  // OpenAPI's own keywords are not JSON Schema's, and its formats are hints.
  const options = { strict: false, validateFormats: false, allErrors: true };
  const json = new Ajv2020(options).addSchema(document, "contract");
  // In a form and in a query everything is text.
  const text = new Ajv2020({ ...options, coerceTypes: true }).addSchema(document, "contract");
  const pointer = (...steps: string[]) =>
    `contract#/${steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
  const check = (reference: string, value: unknown, what: string, ajv = json): string[] => {
    const validate = ajv.getSchema(reference);
    if (validate === undefined) return [`${reference} is not described`];
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      (error) => `${what}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
    );
  };

  return {
    violations: (exchange) => {
      const method = exchange.method.toLowerCase();
      const template = Object.keys(document.paths)
        .filter((path) => matches(path, exchange.path))
        .toSorted((a, b) => a.split("{").length - b.split("{").length)[0];
      const operation = template === undefined ? undefined : document.paths[template]?.[method];
      if (template === undefined || operation === undefined) return [`${method} ${exchange.path} is not described`];
      const at = ["paths", template, method];

      const found = Object.entries(decodeForm(exchange.query)).flatMap(([name, value]) => {
        const index = operation.parameters.findIndex(
          (parameter) => parameter.in === "query" && parameter.name === name,
        );
        if (index < 0) return [`query ${name} is not described`];
        const schema = operation.parameters[index]?.schema as { type?: string };
        const read = schema.type === "array" && typeof value === "string" ? value.split(",") : value;
        return check(pointer(...at, "parameters", String(index), "schema"), read, `query ${name}`, text);
      });
      for (const { name, in: place, required } of operation.parameters) {
        const isThere = [...exchange.query.keys()].some((key) => key === name || key.startsWith(`${name}[`));
        if (place === "query" && required && !isThere) found.push(`query ${name} is missing`);
      }
      for (const type of Object.keys(operation.requestBody?.content ?? {})) {
        const schema = pointer(...at, "requestBody", "content", type, "schema");
        const isForm = type !== "application/json";
        const body = isForm ? decodeForm(new URLSearchParams(exchange.body)) : JSON.parse(exchange.body);
        found.push(...check(schema, body, "request", isForm ? text : json));
      }
      const status = [String(exchange.status), "default"].find((key) => operation.responses[key] !== undefined);
      if (status === undefined) return [...found, `status ${exchange.status} is not described`];
      for (const type of Object.keys(operation.responses[status]?.content ?? {})) {
        found.push(...check(pointer(...at, "responses", status, "content", type, "schema"), exchange.reply, "reply"));
      }
      return found;
    },
    objectViolations: (schema, object) => check(pointer("components", "schemas", schema), object, schema),
  };
}

/** Refuses members that the description does not name, which JSON Schema would let pass. */
function closeObjects(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  const object = schema as Record<string, unknown>;
  if ("properties" in object && !("x-collapsed" in object) && !("allOf" in object)) {
    object.additionalProperties ??= false;
  }
  for (const value of Object.values(object)) closeObjects(value);
}

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
