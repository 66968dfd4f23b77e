import { createHash } from "node:crypto";

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** JSON in which equal values are equal texts: no spaces, names in the order of their code units. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, it]) => `${JSON.stringify(name)}:${canonical(it)}`).join(",")}}`;
}

/** A number and a checksum of records. */
export interface Totals {
  readonly records: number;
  /** In hexadecimal digits; the same whatever order the records came in. */
  readonly checksum: string;
}

/** Adds up records as they pass. */
export interface Sum {
  add(entry: { readonly key: string; readonly value: Json }): void;
  totals(): Totals;
}

const MODULUS = 1n << 256n;
const DIGITS = 64;

/**
 * Begins a sum. The digests (SHA-256 of key and record) are added, not combined by exclusive or: a record that is there twice would
 * cancel itself out.
 */
export function createSum(): Sum {
  let records = 0;
  let sum = 0n;
  return {
    add({ key, value }) {
      const digest = createHash("sha256")
        .update(`${JSON.stringify(key)}\n${canonical(value)}`)
        .digest("hex");
      records += 1;
      sum = (sum + BigInt(`0x${digest}`)) % MODULUS;
    },
    totals: () => ({ records, checksum: sum.toString(16).padStart(DIGITS, "0") }),
  };
}
