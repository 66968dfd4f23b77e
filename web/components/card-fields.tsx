import { CardSchema } from "#gen/shop/order/v1/order_pb.js";
import { expiryOf, groupedNumber, slashedExpiry } from "../lib/card.ts";
import { useContractForm } from "../lib/contract-form.ts";
import { TextField } from "./field.tsx";

/** The form of a card, with the contract's rules. What is typed goes into the call and nowhere else. */
export function useCardForm() {
  return useContractForm(CardSchema, {
    initial: { number: "", expiry: "", securityCode: "", holderName: "" },
    toMessage: ({ number, expiry, securityCode, holderName }) => ({
      number: number.replace(/\D/g, ""),
      ...expiryOf(expiry),
      securityCode,
      holderName: holderName.trim(),
    }),
    hints: {
      number: "Enter the digits on the front of the card.",
      expiry: "Enter month and year, such as 04/30.",
      securityCode: "Enter the 3 or 4 digits beside the signature.",
    },
    inputOf: { expiryMonth: "expiry", expiryYear: "expiry" },
  });
}

/** How it is paid. */
export function CardFields({ form }: { readonly form: ReturnType<typeof useCardForm> }) {
  const number = form.field("number");
  const expiry = form.field("expiry");
  const code = form.field("securityCode");
  return (
    <div className="form">
      <TextField
        label="Card number"
        inputMode="numeric"
        autoComplete="cc-number"
        hint="This shop is a demonstration: pay with 4242 4242 4242 4242, any later month and any three digits."
        {...number}
        onChange={(event) => form.setValue("number", groupedNumber(event.target.value))}
      />
      <div className="form-row">
        <TextField
          label="Expiry"
          inputMode="numeric"
          autoComplete="cc-exp"
          placeholder="MM/YY"
          {...expiry}
          onChange={(event) => form.setValue("expiry", slashedExpiry(event.target.value, expiry.value))}
        />
        <TextField
          label="Security code"
          inputMode="numeric"
          autoComplete="cc-csc"
          {...code}
          onChange={(event) => form.setValue("securityCode", event.target.value.replace(/\D/g, "").slice(0, 4))}
        />
      </div>
      <TextField label="Name on card" autoComplete="cc-name" {...form.field("holderName")} />
    </div>
  );
}
