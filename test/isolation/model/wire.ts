import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A wire between the process under test and a server. What the server has answered can be kept on it. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Answers that were kept, in their order; undefined while the wire lets them through. */
  #kept: (() => void)[] | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<Wire> {
    const wire: Wire = new Wire(createServer((near) => wire.#join(near, connect(target))));
    await new Promise<void>((resolve) => wire.#server.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: "127.0.0.1", port: (this.#server.address() as AddressInfo).port };
  }

  keep(): void {
    this.#kept ??= [];
  }

  /** Lets through what was kept, and everything after it. @returns how many pieces were kept */
  release(): number {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const pass of kept) pass();
    return kept.length;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes) => {
      const pass = () => near.destroyed || near.write(bytes);
      if (this.#kept === undefined) pass();
      else this.#kept.push(pass);
    });
  }
}
