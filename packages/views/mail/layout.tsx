import { raw } from "hono/html";
import type { MailContent } from "./mail.ts";

export interface MailBody {
  subject: string;
  /** What mail programs show beside the subject. */
  preview: string;
  title: string;
  /** Paragraphs before the action. */
  before: string[];
  /** The mail's one action: a code to copy, a link to follow, or several links to choose from. */
  action: { code: string } | MailLink | { links: readonly MailLink[] };
  /** Paragraphs after it. */
  after: string[];
}

export interface MailLink {
  label: string;
  url: string;
}

const font = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const paragraph = `margin:0 0 16px;font-size:16px;line-height:24px;color:#33413f;${font}`;

/**
 * One mail in both parts. HTML of tables and inline styles, since Outlook knows nothing else; colours that stay
 * readable when a mail program darkens them; no image.
 */
export function composeMail(body: MailBody): MailContent {
  const html = `<!doctype html>${(<MailDocument {...body} />).toString()}`;
  return { subject: oneLine(body.subject), html, text: plainText(body) };
}

/** A subject cannot hold a line break: it would begin another header. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

function plainText({ title, before, action, after }: MailBody): string {
  return `${[title, ...before, ...plainAction(action), ...after, "-- \nPharmaSight"].join("\n\n")}\n`;
}

function plainAction(action: MailBody["action"]): string[] {
  if ("code" in action) return [`    ${action.code}`];
  const links = "links" in action ? action.links : [action];
  return links.map(({ label, url }) => `${label}:\n${url}`);
}

function MailDocument({ subject, preview, title, before, action, after }: MailBody) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{oneLine(subject)}</title>
      </head>
      <body style="margin:0;padding:0;background-color:#f4f7f7">
        <div style="display:none;max-height:0;overflow:hidden">{preview}</div>
        <Table width="100%" style="background-color:#f4f7f7">
          <td align="center" style="padding:32px 16px">
            <Table width="100%" style="max-width:560px">
              <td style={`padding:0 4px 16px;font-size:17px;font-weight:600;color:#0f6b66;${font}`}>PharmaSight</td>
            </Table>
            <Table
              width="100%"
              style="max-width:560px;background-color:#ffffff;border:1px solid #dfe6e5;border-radius:12px;border-collapse:separate"
            >
              <td style="padding:32px">
                <h1 style={`margin:0 0 16px;font-size:22px;line-height:30px;font-weight:600;color:#14211f;${font}`}>
                  {title}
                </h1>
                {before.map((text) => (
                  <p style={paragraph}>{text}</p>
                ))}
                <Action action={action} />
                {after.map((text) => (
                  <p style={paragraph}>{text}</p>
                ))}
              </td>
            </Table>
          </td>
        </Table>
      </body>
    </html>
  );
}

function Table({ width, style, children }: { width?: string; style: string; children: unknown }) {
  return (
    <table role="presentation" width={width} cellpadding="0" cellspacing="0" border={0} style={style}>
      <tr>{children}</tr>
    </table>
  );
}

function Action({ action }: { action: MailBody["action"] }) {
  if ("code" in action) {
    return (
      <p
        style={`margin:8px 0 24px;padding:16px;background-color:#eaf4f3;border-radius:8px;text-align:center;font-size:32px;line-height:40px;font-weight:700;letter-spacing:8px;color:#0c5551;${font}`}
      >
        {action.code}
      </p>
    );
  }
  if ("links" in action) {
    return (
      <>
        {action.links.map(({ label, url }) => (
          <Table
            width="100%"
            style="margin:0 0 12px;border:1px solid #dfe6e5;border-radius:8px;border-collapse:separate"
          >
            <td style={`padding:12px 16px;font-size:16px;line-height:24px;word-break:break-word;${font}`}>
              <strong style="color:#14211f">{label}</strong>
              {raw("<br>")}
              <a href={url} style="color:#0f6b66">
                {url}
              </a>
            </td>
          </Table>
        ))}
      </>
    );
  }
  return (
    <>
      <Table style="margin:8px 0 20px;border-collapse:separate">
        <td align="center" bgcolor="#0f6b66" style="border-radius:8px">
          <a
            href={action.url}
            style={`display:inline-block;padding:13px 22px;font-size:16px;line-height:22px;font-weight:600;color:#ffffff;text-decoration:none;${font}`}
          >
            {action.label}
          </a>
        </td>
      </Table>
      <p style={`margin:0 0 20px;font-size:13px;line-height:20px;color:#5a6b69;${font}`}>
        If the button does not work, copy this address:{raw("<br>")}
        <a href={action.url} style="color:#0f6b66;word-break:break-all">
          {action.url.replace(/^mailto:/, "")}
        </a>
      </p>
    </>
  );
}
