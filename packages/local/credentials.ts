/** The SDK signs with something, and nothing here checks it. */
export const localCredentials = { accessKeyId: "local", secretAccessKey: "local" } as const;
