import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { type Client, openClient, serverTrust } from "@pharmasight/adapters/postgres/client";
import { CompiledQuery } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authority, otherAuthority, serverCertificate, serverKey } from "./certificates.ts";
import { startTestCluster, type TestCluster } from "./fixture.ts";

const SSL_REQUEST_BYTES = 8;

let cluster: TestCluster;
let server: Server;
/** What clients said after the handshake. */
let received = 0;

/** `db.example.com`: speaks TLS as Postgres does, and hands what it decrypts to the cluster. */
beforeAll(async () => {
  cluster = await startTestCluster();
  server = createServer(async (raw) => {
    raw.on("error", () => {});
    const [request] = await once(raw, "data");
    expect(request).toHaveLength(SSL_REQUEST_BYTES);
    raw.write("S");
    const secure = new TLSSocket(raw, { isServer: true, key: serverKey, cert: serverCertificate });
    secure.on("error", () => raw.destroy());
    const upstream = connect(cluster.port, cluster.host);
    upstream.on("error", () => secure.destroy());
    secure.on("data", (chunk) => {
      received += chunk.length;
    });
    secure.pipe(upstream).pipe(secure);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await cluster.stop();
});

function open(host: string, ca: string): Promise<Client> {
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  // The address is this machine's; the name that has to be proved is the configured one.
  const endpoint = { host: "127.0.0.1", port, database: "postgres" };
  return openClient(
    {
      endpoint,
      credential: cluster.superuser,
      tls: serverTrust(host, ca),
      connectTimeoutMs: 5000,
      applicationName: "tls",
    },
    () => {},
  );
}

test("a server that proves its name to the configured authority is used", async () => {
  const client = await open("db.example.com", authority);
  const { rows } = await client.connection.executeQuery(CompiledQuery.raw("select 1 as one"));
  expect(rows).toEqual([{ one: 1 }]);
  await client.end();
  // Its goodbye must not be taken for something that a later client said.
  await expect.poll(() => promisify(server.getConnections.bind(server))()).toBe(0);
});

test.each([
  ["an authority that was not configured", "db.example.com", otherAuthority],
  ["the name of another server", "db.example.org", authority],
  ["a name for an address", "10.0.0.1", authority],
])("a server that shows %s is told nothing, neither user nor password", async (_, host, ca) => {
  received = 0;
  await expect(open(host, ca)).rejects.toThrow();
  expect(received).toBe(0);
});
