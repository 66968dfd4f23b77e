/** How the sandbox treats a card. */
export interface TestCard {
  readonly brand: string;
  /** "ok", or the decline code, or "late_decline" (holds the money, then declines to pay it), or "slow" (takes its time). */
  readonly behaviour: string;
}

const ok = (brand: string): TestCard => ({ brand, behaviour: "ok" });
const visa = (behaviour: string): TestCard => ({ brand: "visa", behaviour });

/** The test numbers that Stripe publishes (https://docs.stripe.com/testing), and what they do. */
export const TEST_CARDS: Readonly<Record<string, TestCard>> = {
  "4242424242424242": ok("visa"),
  "4000056655665556": ok("visa"),
  "5555555555554444": ok("mastercard"),
  "2223003122003222": ok("mastercard"),
  "5200828282828210": ok("mastercard"),
  "5105105105105100": ok("mastercard"),
  "378282246310005": ok("amex"),
  "371449635398431": ok("amex"),
  "6011111111111117": ok("discover"),
  "6011000990139424": ok("discover"),
  "3056930009020004": ok("diners"),
  "3566002020360505": ok("jcb"),
  "6200000000000005": ok("unionpay"),
  "4000000000000002": visa("generic_decline"),
  "4000000000009995": visa("insufficient_funds"),
  "4000000000009987": visa("lost_card"),
  "4000000000009979": visa("stolen_card"),
  "4000000000000069": visa("expired_card"),
  "4000000000000127": visa("incorrect_cvc"),
  "4000000000000119": visa("processing_error"),
  "4000000000006975": visa("card_velocity_exceeded"),
  "4000002500003155": visa("authentication_required"),
  "4000000000000341": visa("late_decline"),
  "4000000000007726": visa("slow"),
};
