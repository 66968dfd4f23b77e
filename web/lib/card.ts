/** Digits in groups, as they stand on a card. */
export function groupedNumber(typed: string): string {
  const digits = typed.replace(/\D/g, "").slice(0, 19);
  const groups = /^3[47]/.test(digits) ? /^(\d{1,4})(\d{1,6})?(\d{1,9})?$/ : /(\d{1,4})/g;
  return (groups.global ? digits.match(groups) : digits.match(groups)?.slice(1).filter(Boolean))?.join(" ") ?? "";
}

/** "1230" and "12/30" as "12/30", while it is being typed. */
export function slashedExpiry(typed: string, before: string): string {
  // Taking away the slash takes away the digit before it too.
  if (before.endsWith("/") && typed === before.slice(0, -1)) return typed.slice(0, -1);
  const padded = /^[2-9]/.test(typed) ? `0${typed}` : typed.replace(/^(\d)\s*\//, "0$1/");
  const digits = padded.replace(/\D/g, "").slice(0, 4);
  return digits.length >= 2 ? `${digits.slice(0, 2)}/${digits.slice(2)}` : digits;
}

/** Month and year of "MM/YY"; zeros where it is not one, which the contract refuses. */
export function expiryOf(slashed: string): { expiryMonth: number; expiryYear: number } {
  const [, month, year] = /^(\d{2})\/(\d{2})$/.exec(slashed) ?? [];
  return { expiryMonth: Number(month ?? 0), expiryYear: year === undefined ? 0 : 2000 + Number(year) };
}
