import { createServer, type Server } from "node:http";
import { sesMailer } from "@pharmasight/adapters/mail/mailer";
import { type Mail as Ses, startMail } from "@pharmasight/local/mail";
import { freePort } from "@pharmasight/local/ports";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stubAwsEnvironment } from "../../local/stand-ins/world.ts";

let ses: Ses;
const mail = { to: "owner@example.com", subject: "Karibu – welcome", html: "<p>Hello</p>", text: "Hello" };

beforeEach(async () => {
  ses = await startMail(await freePort());
  stubAwsEnvironment({ SESV2: ses.url });
});

afterEach(async () => {
  await ses.stop();
  vi.unstubAllEnvs();
});

test("a mail arrives with sender, receiver, subject, HTML and text", async () => {
  const { messageId } = await sesMailer({ from: "PharmaSight <hello@example.com>" }).send(mail);
  expect(messageId).not.toBe("");
  const store = (await (await fetch(`${ses.url}/store`)).json()) as { emails: unknown[] };
  expect(store.emails).toMatchObject([
    {
      from: "PharmaSight <hello@example.com>",
      destination: { to: ["owner@example.com"] },
      subject: mail.subject,
      body: { html: mail.html, text: mail.text },
    },
  ]);
});

test("a mail service that does not answer is unavailable", async () => {
  const mailer = sesMailer({ from: "hello@example.com" });
  await ses.stop();
  await expect(mailer.send(mail)).rejects.toMatchObject({ code: "unavailable" });
});

test.each([
  ["TooManyRequestsException", 429, "unavailable"],
  ["LimitExceededException", 400, "unavailable"],
  ["SendingPausedException", 400, "unavailable"],
  ["InternalServiceErrorException", 500, "unavailable"],
  ["MessageRejected", 400, "invalid_input"],
])("%s is %3$s after a single attempt, so that no mail is sent twice unseen", async (type, status, code) => {
  let attempts = 0;
  const refusing: Server = createServer((_request, response) => {
    attempts += 1;
    response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type });
    response.end(JSON.stringify({ message: "no" }));
  });
  await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
  const address = refusing.address();
  stubAwsEnvironment({ SESV2: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` });
  await expect(sesMailer({ from: "hello@example.com" }).send(mail)).rejects.toMatchObject({ code });
  expect(attempts).toBe(1);
  await new Promise((resolve) => {
    refusing.close(resolve);
    refusing.closeAllConnections();
  });
});
