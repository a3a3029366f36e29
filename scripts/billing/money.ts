import { Contracts } from "@pharmasight/core/control/contracts/contracts";
import { Refunds } from "@pharmasight/core/control/refunds/refunds";
import { reasonOf, textOf } from "../operators/options.ts";
import { confirm } from "../operators/terminal.ts";
import { type Call, done, notDone, type Outcome } from "./command.ts";
import { requiredOf } from "./options.ts";

/** Money that comes and goes beside the cards. */

export async function paid({ operator, platform, terminal, word = "", options }: Call): Promise<Outcome> {
  const reference = requiredOf(options, "reference", "the payment's reference");
  const reason = reasonOf(options);
  const { amountDue, currency, number } = await platform.subscriptions.readInvoice(word);
  const question = `This marks ${number ?? word} as paid: ${amountDue} ${currency}, by ${reference}.`;
  if (options.yes !== true && !(await confirm(terminal, question))) return notDone();
  const data = await Contracts.recordPayment(operator, platform.subscriptions, { invoiceId: word, reference, reason });
  return done(data, `${number ?? word} is paid: ${amountDue} ${currency}. The pharmacy is open within seconds.`);
}

export async function refund({ operator, platform, terminal, word = "", options }: Call): Promise<Outcome> {
  const memo = requiredOf(options, "memo", "what the credit note is for");
  const reason = reasonOf(options);
  const amount = textOf(options, "amount");
  const isEnd = options["end-subscription"] === true;
  const invoice = await platform.subscriptions.readInvoice(word);
  const { amountPaid, amountCredited, currency, number } = invoice;
  const what = amount === undefined ? "all that is left" : `${amount} ${currency}`;
  const question = `This gives back ${what} of ${number ?? word}: ${amountPaid} ${currency} were paid, ${amountCredited} ${currency} went back before. The subscription ${isEnd ? "ends at once" : "goes on"}.`;
  if (options.yes !== true && !(await confirm(terminal, question))) return notDone();
  const wanted = { invoiceId: word, amount, memo, reason, subscription: isEnd ? "end_now" : "keep" } as const;
  const given = await Refunds.give(operator, platform.subscriptions, wanted);
  const way = given.stripeRefundId === null ? "as a credit note: pay it back by bank" : "to the card that paid";
  return done(given, `${given.amount} ${given.currency} go back, ${way}.`);
}
