/** The payment provider, in our words. Amounts in minor units where they occur. */
export interface Payments {
  /**
   * Makes the customer of a tenant, or returns the one made before: the same tenant never gets two.
   * @throws DomainError `unavailable` when the provider does not answer or asks to slow down
   */
  ensureCustomer(customer: NewCustomer): Promise<{ customerId: string }>;
  /**
   * Deletes the customer of a tenant, also one whose making was never recorded because the reply was lost. Deleting
   * what is not there succeeds.
   * @param customer with the words that it was made with
   * @throws as `ensureCustomer`
   */
  deleteCustomer(customer: NewCustomer): Promise<void>;
}

export interface NewCustomer {
  readonly tenantId: string;
  readonly companyName: string;
  readonly ownerEmail: string;
}
