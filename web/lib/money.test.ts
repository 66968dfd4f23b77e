import { expect, test } from "vitest";
import { formatMoney, moneyOf, times } from "./money.ts";

test.each([
  ["EUR", 0n, "€0.00"],
  ["EUR", 5n, "€0.05"],
  ["EUR", 1250n, "€12.50"],
  ["EUR", 123456789n, "€1,234,567.89"],
  ["JPY", 500n, "JP¥500"],
  ["EUR", 900719925474099301n, "€9,007,199,254,740,993.01"],
])("%s %s is written %s", (currency, minorUnits, written) => {
  expect(formatMoney(moneyOf(currency, minorUnits))).toBe(written);
});

test("money that is not there is written as nothing", () => {
  expect(formatMoney(undefined)).toBe("");
});

test("pieces times price stays exact", () => {
  expect(times(moneyOf("EUR", 1999n), 99)?.minorUnits).toBe(197901n);
});
