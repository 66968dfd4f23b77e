import { isIPv6 } from "node:net";

/**
 * The address of the person's machine by x-forwarded-for, as the edge sent it; undefined if that says nothing. The last
 * counts: proxies append whom they see, and what stands before it the client may have made up.
 */
export function clientAddressOf(forwardedFor: string | null): string | undefined {
  if (forwardedFor === null) return undefined;
  return forwardedFor.slice(forwardedFor.lastIndexOf(",") + 1).trim() || undefined;
}

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * What an address counts as where clients are told apart by it: of IPv6 the first half. That is the smallest network that a
 * line is given, and every machine in it may take any of 2^64 addresses, a new one for each call.
 */
export function networkOf(address: string): string {
  // "::ffff:192.0.2.1" is IPv4, as sockets for both write it.
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = Array<string>(tail === undefined ? 0 : GROUPS - left.length - right.length).fill("0");
  const groups = [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS);
  return `${groups.map((it) => it.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
