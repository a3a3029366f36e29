/** A mail ready to send: both parts say the same. */
export interface Mail {
  subject: string;
  html: string;
  text: string;
}
