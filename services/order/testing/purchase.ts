import { randomUUID } from "node:crypto";

/** A test card of the sandbox. */
export const card = (number = "4242424242424242", expiryYear = 2090) =>
  ({
    case: "card",
    value: { number, expiryMonth: 12, expiryYear, securityCode: "123", holderName: "Ada Lovelace" },
  }) as const;

/** A request to buy what is in the cart. */
export const purchase = (number?: string) => ({
  requestId: randomUUID(),
  shippingAddress: {
    fullName: "Ada Lovelace",
    line1: "12 St James's Square",
    city: "London",
    postalCode: "SW1Y 4JH",
    countryCode: "GB",
  },
  paymentMethod: card(number),
});
