import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import type { Bundle } from "./synthesis.ts";

/** Reads the event from standard input and writes the handler's answer to descriptor 3: standard output has the log. */
const RUNTIME = `
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
const { handler } = await import(process.argv[1]);
const context = {
  functionName: "bundle", functionVersion: "$LATEST", awsRequestId: crypto.randomUUID(), memoryLimitInMB: "1024",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:bundle", logGroupName: "bundle",
  logStreamName: "bundle", callbackWaitsForEmptyEventLoop: true, getRemainingTimeInMillis: () => 29000,
};
const answer = await handler(JSON.parse(await text(process.stdin)), context);
writeFileSync(3, JSON.stringify(answer ?? null));
process.exit(0);
`;

/**
 * One invocation as Lambda would make it: a process of its own, in the unpacked folder, with the function's environment
 * and nothing else.
 * @throws Error with the process's output when the handler throws
 */
export async function invokeBundle(
  bundle: Bundle,
  environment: Readonly<Record<string, string>>,
  event: unknown,
): Promise<unknown> {
  const child = spawn(
    process.execPath,
    ["--input-type=module", "--eval", RUNTIME, "--", pathToFileURL(bundle.file).href],
    { cwd: bundle.taskRoot, env: { ...environment }, stdio: ["pipe", "pipe", "pipe", "pipe"] },
  );
  const [input, output, errors, answer] = child.stdio;
  if (!(answer instanceof Readable)) throw new Error("The process has no pipes.");
  input.end(JSON.stringify(event));
  const [code, said, log, complaints] = await Promise.all([
    new Promise((resolve) => child.once("close", resolve)),
    text(answer),
    text(output),
    text(errors),
  ]);
  if (code !== 0 || said === "") throw new Error(`The bundle ended with ${code}:\n${log}\n${complaints}`);
  return JSON.parse(said);
}
