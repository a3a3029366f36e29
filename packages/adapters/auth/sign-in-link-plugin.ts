import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { APIError, createAuthEndpoint, freshSessionMiddleware } from "better-auth/api";
import { setSessionCookie } from "better-auth/cookies";
import * as z from "zod";

/** What better-auth lacks: our own one-time links, and a password for somebody who came by one. */
export const signInLinkPlugin = (tenant: TenantScope<Visitor>) => ({
  id: "sign-in-link",
  endpoints: {
    /** Uses the link up, takes the address for proved, and begins a session. */
    signInByLink: createAuthEndpoint(
      "/sign-in/link",
      { method: "POST", body: z.object({ token: z.string().max(200) }), requireHeaders: true },
      async (ctx) => {
        const { internalAdapter } = ctx.context;
        const used = await SignInLinks.consume(tenant, ctx.body.token);
        const user = used === undefined ? null : await internalAdapter.findUserById(used.userId);
        if (user === null) throw new APIError("UNAUTHORIZED");
        if (!user.emailVerified) await internalAdapter.updateUser(user.id, { emailVerified: true });
        const account = await internalAdapter.findCredentialAccount(user.id);
        const session = await internalAdapter.createSession(user.id);
        await setSessionCookie(ctx, { session, user });
        const hasPassword = typeof account?.password === "string";
        return ctx.json({ token: session.token, hasPassword });
      },
    ),
    setOwnPassword: createAuthEndpoint(
      "/set-own-password",
      {
        method: "POST",
        body: z.object({ password: z.string().max(1000) }),
        requireHeaders: true,
        use: [freshSessionMiddleware],
      },
      async (ctx) => {
        const { internalAdapter, password } = ctx.context;
        const { minPasswordLength, maxPasswordLength } = password.config;
        const { length } = ctx.body.password;
        if (length < minPasswordLength || length > maxPasswordLength) throw new APIError("BAD_REQUEST");
        const userId = ctx.context.session.user.id;
        const hash = await password.hash(ctx.body.password);
        const account = await internalAdapter.findCredentialAccount(userId);
        if (account === null) {
          await internalAdapter.linkAccount({ userId, providerId: "credential", accountId: userId, password: hash });
        } else {
          await internalAdapter.updatePassword(userId, hash);
        }
        return ctx.json({ done: true });
      },
    ),
  },
});
