/** The payment provider, in our words. Amounts in minor units where they occur. */
export interface Payments {
  /**
   * Makes the customer of a tenant, or returns the one made before: the same tenant never gets two.
   * @throws DomainError `unavailable` when the provider does not answer or asks to slow down
   */
  ensureCustomer(customer: NewCustomer): Promise<{ customerId: string }>;
}

export interface NewCustomer {
  readonly tenantId: string;
  readonly companyName: string;
  readonly ownerEmail: string;
}
