import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { FunctionSpec } from "@pharmasight/functions/manifest";
import * as z from "zod";

/** What Lambda tells a handler about its invocation, as far as the runtime's own handlers use it. */
export interface InvocationContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
}

export type LambdaHandler = (event: unknown, context: InvocationContext) => unknown;

/** A function as Lambda sees it: code, a name and limits. */
export interface LambdaFunction {
  readonly name: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly handler: LambdaHandler;
}

export const ACCOUNT_ID = "000000000000";
export const REGION = "us-east-1";
export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

/** The invocation took longer than the function's own limit; the code cannot be stopped and runs on. */
class FunctionTimeout extends Error {}

/**
 * Calls the handler as Lambda does.
 * @throws FunctionTimeout after the function's `timeoutSeconds`, and whatever the handler throws
 */
export async function invoke(fn: LambdaFunction, event: unknown): Promise<unknown> {
  const deadline = Date.now() + fn.timeoutSeconds * 1000;
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new FunctionTimeout(`${fn.name} timed out after ${fn.timeoutSeconds} seconds`)),
    fn.timeoutSeconds * 1000,
  );
  try {
    // Called in an async function, so that a handler which throws at once rejects like one that throws later.
    const result = (async () => fn.handler(event, invocationContext(fn, deadline)))();
    return await Promise.race([result, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const handlerModule = z.object({ handler: z.custom<LambdaHandler>((value) => typeof value === "function") });

/** Imports the file that is deployed. @throws DomainError when it is missing or exports no handler */
export async function loadFunction(name: string, spec: FunctionSpec): Promise<LambdaFunction> {
  const file = [".ts", ".tsx"].map((extension) => join(repositoryRoot, spec.entry + extension)).find(existsSync);
  if (file === undefined) throw new DomainError("internal", `${spec.entry}.ts is in the manifest but not on disk.`);
  const loaded = handlerModule.safeParse(await import(pathToFileURL(file).href));
  if (!loaded.success) throw new DomainError("internal", `${spec.entry} exports no function named "handler".`);
  return { name, memoryMb: spec.memoryMb, timeoutSeconds: spec.timeoutSeconds, handler: loaded.data.handler };
}

function invocationContext(fn: LambdaFunction, deadline: number): InvocationContext {
  return {
    functionName: fn.name,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${fn.name}`,
    memoryLimitInMB: String(fn.memoryMb),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${fn.name}`,
    logStreamName: "local",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}
