/** The part of saxen that is used here; the package has no types of its own. */
declare module "saxen" {
  export class Parser {
    on(event: "error", listener: (error: Error) => void): this;
    on(
      event: "openTag",
      listener: (name: string, attributes: () => Readonly<Record<string, string>> | false) => void,
    ): this;
    on(event: "closeTag", listener: (name: string) => void): this;
    on(event: "text" | "cdata" | "attention", listener: (text: string) => void): this;
    write(xml: string): this;
    end(): Error | null;
  }
}
