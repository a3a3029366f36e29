import { createServer } from "node:http";
import { type Stripe as StandIn, startStripe } from "@pharmasight/local/stand-ins/stripe/stripe";
import Stripe from "stripe";
import { type ManualClock, manualClock, scratchFolder } from "../world.ts";

export interface TestStripe {
  readonly standIn: StandIn;
  /** The official SDK, connected to the stand-in. */
  readonly stripe: Stripe;
  readonly clock: ManualClock;
  /** Where the stand-in keeps its memory. */
  readonly file: string;
  /** Ends the stand-in and starts another on the same file and port. */
  restart(): Promise<TestStripe>;
  stop(): Promise<void>;
}

/** @param options.url what the SDK talks to instead, such as a recorder before the stand-in */
export async function startTestStripe(
  options: { before?: (standIn: StandIn) => Promise<string> } = {},
): Promise<TestStripe> {
  const scratch = await scratchFolder();
  const clock = manualClock();
  const file = scratch.path("stripe.json");
  const start = async (port: number): Promise<TestStripe> => {
    const standIn = await startStripe({ file, port, clock });
    return {
      standIn,
      stripe: connect(standIn.apiKey, (await options.before?.(standIn)) ?? standIn.url),
      clock,
      file,
      restart: async () => {
        await standIn.stop();
        return start(Number(new URL(standIn.url).port));
      },
      stop: async () => {
        await standIn.stop();
        await scratch.remove();
      },
    };
  };
  return start(0);
}

export function connect(apiKey: string, address: string): Stripe {
  const { hostname, port } = new URL(address);
  return new Stripe(apiKey, { host: hostname, port, protocol: "http", maxNetworkRetries: 0, telemetry: false });
}

interface Delivered {
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly event: Stripe.Event;
}

export interface Receiver {
  /** Under a name that no name server knows. */
  readonly url: string;
  readonly delivered: Delivered[];
  /** What the next ones are answered with; 200 when nothing is left. */
  readonly answers: number[];
  stop(): Promise<void>;
}

/** An endpoint for events. */
export async function startReceiver(): Promise<Receiver> {
  const delivered: Delivered[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    delivered.push({ body, headers: request.headers, event: JSON.parse(body) });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return {
    url: `http://duka.pharmasight.localhost:${typeof address === "object" ? address?.port : 0}/hooks?a=1`,
    delivered,
    answers,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
