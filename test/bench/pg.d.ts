/** The driver of the other runners comes without types: as much of it as they use. */
declare module "pg" {
  import type { PostgresPool, PostgresQueryResult } from "kysely";

  interface Connection {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: string;
    readonly max?: number;
  }

  export const Pool: new (connection: Connection) => PostgresPool;

  export class Client {
    constructor(connection: Connection);
    connect(): Promise<void>;
    query(text: string, values?: readonly unknown[]): Promise<PostgresQueryResult<Readonly<Record<string, unknown>>>>;
    end(): Promise<void>;
  }
}
