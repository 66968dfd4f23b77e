import { expect, test } from "vitest";
import { expiryOf, groupedNumber, slashedExpiry } from "./card.ts";

test.each([
  ["4242424242424242", "4242 4242 4242 4242"],
  ["4242-4242", "4242 4242"],
  ["378282246310005", "3782 822463 10005"],
  ["", ""],
])("the card number %s is written %s", (typed, written) => {
  expect(groupedNumber(typed)).toBe(written);
});

test.each([
  ["1", "", "1"],
  ["12", "1", "12/"],
  ["12", "12/", "1"],
  ["4", "", "04/"],
  ["1230", "", "12/30"],
  ["12/30", "", "12/30"],
  ["1/30", "", "01/30"],
])("typing %s after %s shows %s", (typed, before, shown) => {
  expect(slashedExpiry(typed, before)).toBe(shown);
});

test("an expiry that is none becomes one that the contract refuses", () => {
  expect(expiryOf("12/30")).toEqual({ expiryMonth: 12, expiryYear: 2030 });
  expect(expiryOf("1/3")).toEqual({ expiryMonth: 0, expiryYear: 0 });
});
