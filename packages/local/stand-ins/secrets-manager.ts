import { createHash, randomInt } from "node:crypto";
import { type Clock, DAY_SECONDS, secondsAfter, systemClock } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { type Call, describeIssue, type HttpServer, parseJson, Refusal, type Reply, serveVendor } from "./http.ts";
import { openStateFile } from "./state-file.ts";

const secretSchema = z.object({
  arn: z.string(),
  name: z.string(),
  kmsKeyId: z.string().optional(),
  createdAt: z.number(),
  changedAt: z.number(),
  /** When a deletion with a recovery window takes effect: until then the name stays taken. */
  deletedFrom: z.number().optional(),
  value: z.string(),
  versionId: z.string(),
  /** Hash of the value of every version ever written, by version id. */
  versions: z.record(z.string(), z.string()),
});
type Secret = z.infer<typeof secretSchema>;
const stateSchema = z.object({ secrets: z.array(secretSchema) });
type State = z.infer<typeof stateSchema>;

const secretId = z.string().min(1).max(2048);
const value = z.string().min(1).max(65_536);
const versionToken = z.string().min(32).max(64);
const recoveryDays = z.int().min(7).max(30);
const DEFAULT_RECOVERY_DAYS = 30;

/** The actions that the product uses, each with exactly the parameters that it sends. */
const actions = {
  CreateSecret: z.strictObject({
    Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/, "The name has a character that is not allowed."),
    SecretString: value,
    ClientRequestToken: versionToken,
    KmsKeyId: z.string().max(2048).optional(),
  }),
  GetSecretValue: z.strictObject({ SecretId: secretId }),
  DescribeSecret: z.strictObject({ SecretId: secretId }),
  PutSecretValue: z.strictObject({ SecretId: secretId, SecretString: value, ClientRequestToken: versionToken }),
  DeleteSecret: z.strictObject({
    SecretId: secretId,
    RecoveryWindowInDays: recoveryDays.optional(),
    ForceDeleteWithoutRecovery: z.boolean().optional(),
  }),
};

/**
 * Stands in for AWS Secrets Manager: the five actions above in the AWS JSON 1.1 protocol, with the real error types.
 * Requests must be signed, but the signature is not verified. Values lie in plain text in `file`.
 */
export async function startSecretsManager(options: {
  readonly file: string;
  readonly port: number;
  readonly clock?: Clock;
}): Promise<HttpServer> {
  const clock = options.clock ?? systemClock;
  const state = openStateFile<State>(options.file, stateSchema, { secrets: [] });
  return serveVendor(options.port, {
    contentType: "application/x-amz-json-1.1",
    nameOf: actionOf,
    handle: (call) => {
      const reply = act(state.value, call, clock.now());
      state.save();
      return reply;
    },
    refuse: (status) =>
      status === 429
        ? failure("ThrottlingException", "Rate exceeded")
        : failure("InternalServiceError", "An error occurred on the server side.", 500),
  });
}

const actionOf = (call: Call): string => String(call.headers["x-amz-target"] ?? "").replace(/^secretsmanager\./, "");

function act(state: State, call: Call, now: Date): Reply {
  const region = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([a-z0-9-]+)\/secretsmanager\/aws4_request/.exec(
    call.headers.authorization ?? "",
  )?.[1];
  if (region === undefined) throw refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
  if (call.method !== "POST" || call.path !== "/") throw refusal("UnknownOperationException", "");
  const seconds = now.getTime() / 1000;
  state.secrets = state.secrets.filter(({ deletedFrom }) => deletedFrom === undefined || deletedFrom > seconds);
  switch (actionOf(call)) {
    case "CreateSecret":
      return create(state, parse(actions.CreateSecret, call), region, seconds);
    case "GetSecretValue":
      return read(live(state, parse(actions.GetSecretValue, call).SecretId));
    case "DescribeSecret":
      return describe(existing(state, parse(actions.DescribeSecret, call).SecretId));
    case "PutSecretValue":
      return put(state, parse(actions.PutSecretValue, call), seconds);
    case "DeleteSecret":
      return remove(state, parse(actions.DeleteSecret, call), now);
    default:
      throw refusal("UnknownOperationException", "");
  }
}

function parse<T extends z.ZodType>(schema: T, call: Call): z.output<T> {
  const result = schema.safeParse(parseJson(call.body));
  if (result.success) return result.data;
  const { parameter, message } = describeIssue(result.error);
  throw refusal("InvalidParameterException", `${parameter}: ${message}`);
}

function create(state: State, input: z.output<typeof actions.CreateSecret>, region: string, seconds: number): Reply {
  const taken = state.secrets.find(({ name }) => name === input.Name);
  if (taken?.deletedFrom !== undefined) {
    throw refusal(
      "InvalidRequestException",
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  if (taken !== undefined) {
    if (taken.versions[input.ClientRequestToken] === hash(input.SecretString)) return written(taken);
    throw refusal("ResourceExistsException", `The operation failed because the secret ${input.Name} already exists.`);
  }
  const secret: Secret = {
    arn: `arn:aws:secretsmanager:${region}:000000000000:secret:${input.Name}-${randomSuffix()}`,
    name: input.Name,
    ...(input.KmsKeyId === undefined ? {} : { kmsKeyId: input.KmsKeyId }),
    createdAt: seconds,
    changedAt: seconds,
    value: input.SecretString,
    versionId: input.ClientRequestToken,
    versions: { [input.ClientRequestToken]: hash(input.SecretString) },
  };
  state.secrets.push(secret);
  return written(secret);
}

function put(state: State, input: z.output<typeof actions.PutSecretValue>, seconds: number): Reply {
  const secret = live(state, input.SecretId);
  const earlier = secret.versions[input.ClientRequestToken];
  if (earlier === hash(input.SecretString)) return written(secret, input.ClientRequestToken);
  if (earlier !== undefined) {
    throw refusal(
      "ResourceExistsException",
      `You tried to create a version with the id ${input.ClientRequestToken}, which exists with another value.`,
    );
  }
  secret.value = input.SecretString;
  secret.versionId = input.ClientRequestToken;
  secret.versions[input.ClientRequestToken] = hash(input.SecretString);
  secret.changedAt = seconds;
  return written(secret);
}

function remove(state: State, input: z.output<typeof actions.DeleteSecret>, now: Date): Reply {
  const force = input.ForceDeleteWithoutRecovery === true;
  if (force && input.RecoveryWindowInDays !== undefined) {
    throw refusal(
      "InvalidParameterException",
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  }
  if (force) {
    // AWS answers a forced deletion of a missing secret as if it had been there.
    const secret = find(state, input.SecretId);
    state.secrets = state.secrets.filter((other) => other !== secret);
    return ok({ ARN: secret?.arn, Name: secret?.name ?? input.SecretId, DeletionDate: now.getTime() / 1000 });
  }
  const secret = live(state, input.SecretId);
  const days = input.RecoveryWindowInDays ?? DEFAULT_RECOVERY_DAYS;
  secret.deletedFrom = secondsAfter(now, days * DAY_SECONDS).getTime() / 1000;
  return ok({ ARN: secret.arn, Name: secret.name, DeletionDate: secret.deletedFrom });
}

function read(secret: Secret): Reply {
  return ok({
    ARN: secret.arn,
    Name: secret.name,
    CreatedDate: secret.changedAt,
    SecretString: secret.value,
    VersionId: secret.versionId,
    VersionStages: ["AWSCURRENT"],
  });
}

function describe(secret: Secret): Reply {
  return ok({
    ARN: secret.arn,
    Name: secret.name,
    KmsKeyId: secret.kmsKeyId,
    CreatedDate: secret.createdAt,
    LastChangedDate: secret.changedAt,
    DeletedDate: secret.deletedFrom,
    VersionIdsToStages: { [secret.versionId]: ["AWSCURRENT"] },
  });
}

const find = (state: State, id: string): Secret | undefined =>
  state.secrets.find(({ arn, name }) => arn === id || name === id);

function existing(state: State, id: string): Secret {
  const secret = find(state, id);
  if (secret !== undefined) return secret;
  throw refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
}

function live(state: State, id: string): Secret {
  const secret = existing(state, id);
  if (secret.deletedFrom === undefined) return secret;
  throw refusal(
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
  );
}

const written = (secret: Secret, versionId = secret.versionId): Reply =>
  ok({ ARN: secret.arn, Name: secret.name, VersionId: versionId });

const ok = (body: unknown): Reply => ({ status: 200, body });

const refusal = (type: string, message: string): Refusal => new Refusal(failure(type, message));

const failure = (type: string, message: string, status = 400): Reply => ({
  status,
  body: { __type: type, Message: message },
});

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What AWS appends to the name, so that a secret made anew under an old name has another ARN. */
function randomSuffix(): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: 6 }, () => letters.charAt(randomInt(letters.length))).join("");
}
