import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { DomainError, notFound, unavailable } from "@pharmasight/core/kernel/errors";
import type { Secrets } from "@pharmasight/core/ports/secrets";
import { errorName, requestSettings, translate } from "./requests.ts";

const RETRY_SECONDS = 5;

/** AWS Secrets Manager. A reference is an ARN, or the name of a secret that the stage made. */
export function awsSecrets(options: { readonly kmsKeyId?: string } = {}): Secrets {
  let lazyClient: SecretsManagerClient | undefined;
  const client = (): SecretsManagerClient => {
    lazyClient ??= new SecretsManagerClient(requestSettings);
    return lazyClient;
  };

  const referenceOf = async (name: string): Promise<string> => {
    const { ARN } = await attempt(() => client().send(new DescribeSecretCommand({ SecretId: name })));
    return present(ARN);
  };

  return {
    create: async (name, value) => {
      const command = new CreateSecretCommand({
        Name: name,
        SecretString: value,
        ...(options.kmsKeyId === undefined ? {} : { KmsKeyId: options.kmsKeyId }),
      });
      try {
        const { ARN } = await client().send(command);
        return { reference: present(ARN), created: true };
      } catch (error) {
        if (errorName(error) === "InvalidRequestException") {
          throw new DomainError("conflict", "A secret of this name waits for its deletion: choose another name.");
        }
        if (errorName(error) !== "ResourceExistsException") throw translated(error);
      }
      return { reference: await referenceOf(name), created: false };
    },

    read: async (reference) => {
      const { SecretString } = await attempt(() => client().send(new GetSecretValueCommand({ SecretId: reference })));
      return present(SecretString);
    },

    replace: async (reference, value) => {
      await attempt(() => client().send(new PutSecretValueCommand({ SecretId: reference, SecretString: value })));
    },

    delete: async (reference) => {
      const command = new DeleteSecretCommand({ SecretId: reference, ForceDeleteWithoutRecovery: true });
      try {
        await client().send(command);
      } catch (error) {
        if (errorName(error) !== "ResourceNotFoundException") throw translated(error);
      }
    },
  };
}

async function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  const name = errorName(error);
  // A secret that waits for its deletion answers InvalidRequestException: it cannot be used, so it is not there.
  const isGone = name === "ResourceNotFoundException" || name === "InvalidRequestException";
  return isGone ? notFound("secret") : translate(error, "Secrets Manager");
}

function present(text: string | undefined): string {
  if (text !== undefined) return text;
  throw unavailable("Secrets Manager sent a reply that lacks the secret.", RETRY_SECONDS);
}
