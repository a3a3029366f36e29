import { request } from "node:http";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/**
 * A browser without a face: one cookie jar a host, the Origin of the page that it is on. It names hosts itself because
 * Node's resolver does not know `*.localhost`.
 */
export class Client {
  readonly #port: number;
  readonly #jars = new Map<string, Map<string, string>>();

  constructor(port: number) {
    this.#port = port;
  }

  cookies(host: string): Map<string, string> {
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }

  /** @param host without port, for example `alfa.pharmasight.localhost` */
  ask(host: string, path: string, asked: Asked = {}): Promise<Reply> {
    const jar = this.cookies(host);
    const form = asked.form === undefined ? undefined : new URLSearchParams(asked.form).toString();
    const method = asked.method ?? (form === undefined && asked.body === undefined ? "GET" : "POST");
    const headers: Record<string, string> = { host: `${host}:${this.#port}`, accept: "text/html" };
    if (jar.size > 0) headers["cookie"] = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    if (method !== "GET") headers["origin"] = `http://${host}:${this.#port}`;
    if (form !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
    Object.assign(headers, asked.headers);
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.#port, path, method, headers }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("end", () => {
          for (const line of reply.headers["set-cookie"] ?? []) keep(jar, line);
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() });
        });
      });
      sent.on("error", reject);
      sent.end(form ?? asked.body);
    });
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = "", ...attributes] = line.split(";");
  const [name = "", ...value] = pair.split("=");
  const gone = attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute)) || value.join("=") === "";
  if (gone) jar.delete(name);
  else jar.set(name, value.join("="));
}
