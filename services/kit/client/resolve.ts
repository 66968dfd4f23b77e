import { lookup as dnsLookup } from "node:dns/promises";
import { type Address, isLiteral, type Target } from "./target.ts";

/** Finds all addresses of a host. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** Keeps the addresses of some targets up to date. */
export interface Resolver {
  /** Looks up all targets anew, unless that has just been done or is under way. */
  refresh(): void;
  close(): void;
}

/** More addresses than these are not connected to; chance decides which, so that callers spread over all. */
export const ADDRESSES_MAX = 32;
const REFRESH_MS = 30_000;
const PAUSE_MIN_MS = 1_000;

const systemLookup: Lookup = async (host) =>
  (await dnsLookup(host, { all: true, order: "ipv4first" })).map((it) => it.address);

function someOf<T>(all: readonly T[], max: number): readonly T[] {
  if (all.length <= max) return all;
  const offset = Math.floor(Math.random() * all.length);
  return [...all, ...all].slice(offset, offset + max);
}

/**
 * Tells `onAddresses` where the targets are, at once for those that name an address and whenever the others were looked
 * up: on `refresh`, and every half a minute. A name that cannot be found keeps the addresses it had.
 */
export function createResolver(options: {
  targets: readonly Target[];
  onAddresses: (addresses: readonly Address[]) => void;
  /** A look-up failed, and no address at all is known. */
  onFailure: (error: unknown) => void;
  lookup?: Lookup | undefined;
}): Resolver {
  const { targets, onAddresses, onFailure, lookup = systemLookup } = options;
  const found = new Map<Target, readonly string[]>();
  const names = targets.filter((it) => !isLiteral(it));
  for (const target of targets) if (isLiteral(target)) found.set(target, [target.host]);
  let busy = false;
  let closed = false;
  let lastMs = Number.NEGATIVE_INFINITY;

  const tell = () => {
    const addresses = [...found].flatMap(([target, ips]) => ips.map((ip) => ({ target, ip })));
    onAddresses(someOf(addresses, ADDRESSES_MAX));
  };
  const lookUp = async (target: Target) => {
    const ips = await lookup(target.host);
    if (ips.length === 0) throw new Error(`${target.host} has no address`);
    found.set(target, ips);
  };
  const refresh = () => {
    const pauseMs = found.size === 0 ? 0 : PAUSE_MIN_MS;
    if (names.length === 0 || busy || closed || performance.now() - lastMs < pauseMs) return;
    busy = true;
    Promise.allSettled(names.map(lookUp)).then((results) => {
      busy = false;
      lastMs = performance.now();
      if (closed) return;
      if (found.size > 0) tell();
      else onFailure(results.find((it) => it.status === "rejected")?.reason);
    });
  };
  const timer = names.length > 0 ? setInterval(refresh, REFRESH_MS).unref() : undefined;
  if (found.size > 0) tell();
  return {
    refresh,
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}
