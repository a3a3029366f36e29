export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface Mailer {
  /**
   * Hands one mail to the mail service. Not idempotent: the service has no key for that, so a caller that dies
   * between acceptance and its own record sends a second one.
   * @throws DomainError `unavailable` when the service does not accept it now
   */
  send(mail: Mail): Promise<{ messageId: string }>;
}
