/** What the payment provider tells us unasked, once it has been proved to come from it. */
export interface PaymentNotices {
  /**
   * @param body the very bytes that were received
   * @param signature of the header, as received
   * @throws DomainError `unauthenticated` for a signature that is missing, wrong, older than five minutes or of the
   * future; `invalid_input` for a signed body that is no notice
   */
  verify(body: Uint8Array, signature: string | undefined): Promise<PaymentNotice>;
}

export interface PaymentNotice {
  readonly id: string;
  readonly type: string;
  /** Of the provider's API, that the notice is written in. */
  readonly apiVersion: string | null;
  /** Whether it is written in the version that we speak. Others are never read, only followed by a look. */
  readonly isOurVersion: boolean;
  readonly customerId: string | null;
  /** The object that it is about: `sub_…`, `in_…`, `ch_…`, `cs_…`. */
  readonly objectId: string | null;
  readonly createdAt: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}
