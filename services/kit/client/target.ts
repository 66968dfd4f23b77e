import { isIP } from "node:net";

/** Where a service is said to be: one base URL, whose host may stand for several addresses. */
export interface Target {
  /** "http://product:3001" */
  readonly origin: string;
  readonly scheme: "http" | "https";
  /** What the request names as its authority: "product:3001". */
  readonly authority: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

/** One address of a target, which connections are opened to. */
export interface Address {
  readonly target: Target;
  readonly ip: string;
}

/** How many base URLs a service may have. */
export const TARGETS_MAX = 16;

/** Tells addresses apart. */
export function addressKey({ target, ip }: Address): string {
  return `${target.origin}/${ip}`;
}

/** Whether a target names its address itself, so that there is nothing to look up. */
export function isLiteral(target: Target): boolean {
  return isIP(target.host) !== 0;
}

function targetOf(baseUrl: string): Target {
  const url = new URL(baseUrl);
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https") throw new Error(`"${url.origin}" is not a URL of http or https`);
  return {
    origin: url.origin,
    scheme,
    authority: url.host,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port) || (scheme === "http" ? 80 : 443),
  };
}

/**
 * The targets of base URLs separated by commas.
 * @throws Error on what is not a URL, or on too many.
 */
export function targetsOf(baseUrls: string): Target[] {
  const targets = baseUrls.split(",").map((it) => targetOf(it.trim()));
  if (targets.length > TARGETS_MAX) throw new Error(`${targets.length} base URLs are more than ${TARGETS_MAX}`);
  return targets;
}
