/**
 * What is sold, as the payment provider has to know it, and how it tells us of what happens. For the operators' command
 * that publishes it, which may be run again at any time. Throws DomainError `unavailable` or `invalid_input`.
 */
export interface PriceCatalogue {
  /**
   * Makes the product and the price, or finds those made before; a price that differs replaces the one under its key, and
   * who has the old one keeps it.
   */
  publish(
    wanted: PublishedPrice,
  ): Promise<{ readonly priceId: string; readonly outcome: "made" | "found" | "replaced" }>;
  /** Takes a price that is no longer sold out of sale. */
  withdraw(priceId: string): Promise<void>;
  /**
   * The endpoint that notices are sent to, in the API version that the SDK speaks.
   * @returns the secret only when it was made now: the provider shows it once
   */
  ensureEndpoint(url: string): Promise<{ readonly endpointId: string; readonly secret: string | undefined }>;
  /** How the provider's own page behaves: payment method, invoices, address and tax id, nothing that changes the plan. */
  ensurePortal(): Promise<{ readonly configurationId: string }>;
  /** A code that takes something off. The same code again is the same one. */
  ensureCoupon(wanted: NewCoupon): Promise<{ readonly outcome: "made" | "found" }>;
}

export interface PublishedPrice {
  /** Ours: `plan:starter` or `add_on:reports`. */
  readonly product: string;
  readonly name: string;
  readonly description: string;
  /** Stays the same while the price under it changes: `starter_month_usd`. */
  readonly key: string;
  readonly amount: string;
  readonly currency: string;
  readonly interval: "month" | "year";
}

export interface NewCoupon {
  /** What people type. */
  readonly code: string;
  readonly percentOff: string | null;
  readonly amountOff: { readonly amount: string; readonly currency: string } | null;
  /** How many months it is taken off; null: for ever. */
  readonly months: number | null;
  readonly expiresAt: Date | null;
  readonly redemptionsMax: number | null;
}
