import { Code, ConnectError } from "@connectrpc/connect";
import { runInBackground } from "../call.ts";
import { createEndpoint, type Endpoint } from "./endpoint.ts";
import { createResolver, type Lookup } from "./resolve.ts";
import type { Session, SessionTimes } from "./session.ts";
import { type Address, addressKey, targetsOf } from "./target.ts";

/** A call that waits for a connection. */
export interface Waiter {
  connected(session: Session): void;
  unconnected(error: ConnectError): void;
}

/** Spreads calls over the addresses of a service. */
export interface Balancer {
  /** The connection to make a call on; undefined if none is ready. */
  pick(): Session | undefined;
  /**
   * Waits for a connection: for one attempt, and if addresses have failed before, only if the next attempt is near;
   * else it fails at once, as calls do that do not ask to wait.
   */
  wait(waiter: Waiter): void;
  /** Waits no more. */
  leave(waiter: Waiter): void;
  close(): void;
}

const WAITERS_MAX = 10_000;
/** How near the next attempt has to be for calls to wait for it. */
const NEAR_MS = 300;

function unavailable(cause: unknown): ConnectError {
  const why = cause instanceof Error && cause.message !== "" ? cause.message : "no address of it is known";
  return new ConnectError(`the service cannot be reached: ${why}`, Code.Unavailable, undefined, undefined, cause);
}

/**
 * The ready connection with the fewest calls under way, taken in turn among equals. Not plain round robin: a peer that
 * hangs or is slow would go on getting its full share until its keepalive ends; this way it gets what it finishes.
 */
function leastBusy(ready: readonly Session[], turn: number): Session | undefined {
  let best: Session | undefined;
  for (let at = 0; at < ready.length; at++) {
    const it = ready[(turn + at) % ready.length];
    if (it === undefined || it.outstanding >= it.capacity) continue;
    if (best === undefined || it.outstanding < best.outstanding) best = it;
  }
  return best;
}

/** Balances over all addresses of base URLs separated by commas. */
export function createBalancer(
  baseUrls: string,
  options: { lookup?: Lookup | undefined; times?: SessionTimes | undefined } = {},
): Balancer {
  const endpoints = new Map<string, Endpoint>();
  const waiters = new Set<Waiter>();
  let ready: Session[] = [];
  // Whether an address has no connection and may have one, so that it is opened with the next call.
  let incomplete = true;
  let resolveError: unknown;
  let closed = false;
  let turn = 0;

  const failAll = (cause: unknown) => {
    const error = unavailable(cause);
    const all = [...waiters];
    waiters.clear();
    for (const it of all) it.unconnected(error);
  };
  const lastError = () => [...endpoints.values()].find((it) => it.lastError !== undefined)?.lastError ?? resolveError;
  const changed = () => {
    const all = [...endpoints.values()];
    ready = all.flatMap((it) => it.sessions.filter(({ state }) => state === "ready"));
    incomplete = all.some((it) => it.isIdle);
    if (waiters.size === 0) return;
    if (ready.length === 0) {
      if (!all.some((it) => it.isBusy)) connect();
      return;
    }
    const waiting = [...waiters];
    waiters.clear();
    for (const it of waiting) {
      const session = pick();
      if (session !== undefined) it.connected(session);
      else waiters.add(it);
    }
  };
  const failed = () => {
    resolver.refresh();
    const all = [...endpoints.values()];
    if (ready.length === 0 && !all.some((it) => it.isBusy)) failAll(lastError());
  };
  const connect = () => {
    for (const it of endpoints.values()) it.connect();
  };
  const onAddresses = (addresses: readonly Address[]) => {
    const keys = new Set(addresses.map(addressKey));
    for (const [key, endpoint] of endpoints) {
      if (keys.has(key)) continue;
      endpoints.delete(key);
      endpoint.retire();
    }
    for (const address of addresses) {
      const key = addressKey(address);
      const known = endpoints.get(key);
      if (known === undefined)
        endpoints.set(key, createEndpoint({ address, times: options.times, onChange: changed, onFailure: failed }));
    }
    changed();
  };
  const pick = (): Session | undefined => {
    if (incomplete) connect();
    if (ready.length === 0) return undefined;
    const best = leastBusy(ready, turn++);
    if (best !== undefined) return best;
    // All are full. The request waits in a connection's own queue, or in another connection if it may be opened.
    for (const it of endpoints.values()) it.expand();
    return ready[turn % ready.length];
  };
  /** Why a call cannot wait; undefined if something is under way that it may wait for. */
  const refuse = (): ConnectError | undefined => {
    if (closed) return new ConnectError("the client is closed", Code.Canceled);
    if (waiters.size >= WAITERS_MAX)
      return new ConnectError("too many calls wait for a connection", Code.ResourceExhausted);
    if (endpoints.size === 0) resolver.refresh();
    else connect();
    const all = [...endpoints.values()];
    const nearMs = performance.now() + NEAR_MS;
    const isNear = all.length === 0 || all.some((it) => it.isBusy || (it.retryAtMs ?? 0) <= nearMs);
    return isNear ? undefined : unavailable(lastError());
  };
  const resolver = runInBackground(() =>
    createResolver({
      targets: targetsOf(baseUrls),
      lookup: options.lookup,
      onAddresses,
      onFailure: (error) => {
        resolveError = error;
        failAll(error);
      },
    }),
  );
  return {
    pick,
    wait(waiter) {
      const refusal = refuse();
      if (refusal !== undefined) waiter.unconnected(refusal);
      else waiters.add(waiter);
    },
    leave: (waiter) => void waiters.delete(waiter),
    close() {
      closed = true;
      resolver.close();
      const reason = new ConnectError("the client is closed", Code.Canceled);
      failAll(reason);
      for (const it of endpoints.values()) it.destroy(reason);
      endpoints.clear();
      ready = [];
    },
  };
}
