/** What anybody may ask of a pharmacy's address, and why. Every other route refuses whoever has not signed in. */
export const openRoutes: ReadonlyMap<string, string> = new Map([
  ["GET /assets/:name", "the style of every page, the sign-in page's too"],
  ["GET /health", "asked by monitors"],
  ["GET /health/", "asked by monitors"],
  ["GET /api/v1/openapi.json", "a description, the same for everybody"],
  ["GET /auth/link", "shows the button that a one-time link needs"],
  ["POST /auth/link", "its token is the credential"],
  ["GET /auth/sign-in", "how one gets in"],
  ["POST /auth/sign-in", "how one gets in"],
  ["POST /auth/sign-in/link", "how one gets in"],
  ["GET /auth/second-step", "its cookie is the credential"],
  ["POST /auth/second-step", "its cookie is the credential, and the code"],
  ["GET /auth/forgot", "how one gets in again"],
  ["POST /auth/forgot", "how one gets in again"],
  ["GET /auth/reset", "shows the form that a link for a new password needs"],
  ["POST /auth/reset", "its token is the credential"],
  ["GET /auth/invitation", "its token is the credential"],
  ["POST /auth/invitation", "its token is the credential"],
]);

/** Where people see to their own sign-in and to what is paid: open to them whatever is overdue. */
export const staysOpen = ({ path }: { readonly path: string }): boolean =>
  path.startsWith("/auth/") || path === "/billing" || path.startsWith("/billing/");
