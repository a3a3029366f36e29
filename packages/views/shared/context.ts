/** What every page needs to know about the request that it answers. */
export interface PageContext {
  /** URL of a built file by its logical name, for example `app.css`. */
  assets(name: string): string;
  /** Shown on error pages, so that a person can name the request to support. */
  requestId: string;
  /** Version of the running code, shown in the footer. */
  version: string;
  /** Path of the request, without query. */
  path: string;
}

/** A page with forms in it: each form posts the token back in the field `formToken`. */
export interface FormContext extends PageContext {
  formToken: string;
}

/** Messages by field name, in words that say what to do. */
export type FieldErrors = Readonly<Record<string, string>>;

/** Link to the page itself. A path that begins with two slashes would lead to another host. */
export const samePage = ({ path }: PageContext): string => path.replace(/^[/\\]+/, "/");
