import { useQuery } from "@connectrpc/connect-query";
import { useEffect, useMemo } from "react";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { AddressSchema } from "#gen/shop/type/v1/address_pb.js";
import { useContractForm } from "../lib/contract-form.ts";
import { countries, likelyCountry } from "../lib/countries.ts";
import { SelectField, TextField } from "./field.tsx";

/** The form of an address, with the contract's rules, filled from the latest order unless somebody types first. */
export function useAddressForm(fullName: string) {
  const form = useContractForm(AddressSchema, {
    initial: {
      fullName,
      line1: "",
      line2: "",
      city: "",
      region: "",
      postalCode: "",
      countryCode: likelyCountry(navigator.language),
    },
    toMessage: (values) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim()])) as typeof values,
    hints: { postalCode: "Enter a postal code such as 10115.", countryCode: "Choose a country." },
  });
  const latest = useQuery(OrderService.method.listOrders, { pageSize: 1 }).data?.orders[0]?.shippingAddress;
  // biome-ignore lint/correctness/useExhaustiveDependencies: filled when the answer comes, not on every render
  useEffect(() => {
    if (!latest) return;
    const { line1, line2, city, region, postalCode, countryCode } = latest;
    form.prefill({ fullName: latest.fullName, line1, line2, city, region, postalCode, countryCode });
  }, [latest]);
  return form;
}

/** Where it goes. */
export function AddressFields({ form }: { readonly form: ReturnType<typeof useAddressForm> }) {
  const all = useMemo(countries, []);
  return (
    <div className="form">
      <TextField label="Full name" autoComplete="shipping name" {...form.field("fullName")} />
      <TextField label="Address" autoComplete="shipping address-line1" {...form.field("line1")} />
      <TextField label="Address line 2 (optional)" autoComplete="shipping address-line2" {...form.field("line2")} />
      <div className="form-row">
        <TextField label="Postal code" autoComplete="shipping postal-code" {...form.field("postalCode")} />
        <TextField label="City" autoComplete="shipping address-level2" {...form.field("city")} />
      </div>
      <div className="form-row">
        <TextField
          label="State or region (optional)"
          autoComplete="shipping address-level1"
          {...form.field("region")}
        />
        <SelectField label="Country" autoComplete="shipping country" {...form.field("countryCode")}>
          <option value="">Choose…</option>
          {all.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
    </div>
  );
}
