import { Code, ConnectError } from "@connectrpc/connect";
import { runInBackground } from "../call.ts";
import { createEndpoint, type Endpoint } from "./endpoint.ts";
import { createResolver, type Lookup, type Resolver } from "./resolve.ts";
import type { Session, SessionOptions } from "./session.ts";
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
export function createBalancer(baseUrls: string, options: BalancerOptions = {}): Balancer {
  return new LeastBusyBalancer(baseUrls, options);
}

interface BalancerOptions extends SessionOptions {
  readonly lookup?: Lookup | undefined;
}

class LeastBusyBalancer implements Balancer {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #waiters = new Set<Waiter>();
  readonly #sessions: SessionOptions;
  readonly #resolver: Resolver;
  #ready: Session[] = [];
  // Whether an address has no connection and may have one, so that it is opened with the next call.
  #incomplete = true;
  #resolveError: unknown;
  #closed = false;
  #turn = 0;

  constructor(baseUrls: string, { lookup, ...sessions }: BalancerOptions) {
    this.#sessions = sessions;
    const targets = targetsOf(baseUrls);
    // What lives as long as the client is no part of the call that needs it first.
    this.#resolver = runInBackground(() =>
      createResolver({
        targets,
        lookup,
        onAddresses: (addresses) => this.#onAddresses(addresses),
        onFailure: (error) => {
          this.#resolveError = error;
          this.#failAll(error);
        },
      }),
    );
  }

  pick(): Session | undefined {
    if (this.#incomplete) this.#connect();
    const ready = this.#ready;
    if (ready.length === 0) return undefined;
    const best = leastBusy(ready, this.#turn++);
    if (best !== undefined) return best;
    // All are full. The request waits in a connection's own queue, or in another connection if it may be opened.
    for (const it of this.#endpoints.values()) it.expand();
    return ready[this.#turn % ready.length];
  }

  wait(waiter: Waiter): void {
    const refusal = this.#refuse();
    if (refusal !== undefined) waiter.unconnected(refusal);
    else this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  close(): void {
    this.#closed = true;
    this.#resolver.close();
    const reason = new ConnectError("the client is closed", Code.Canceled);
    this.#failAll(reason);
    for (const it of this.#endpoints.values()) it.destroy(reason);
    this.#endpoints.clear();
    this.#ready = [];
  }

  /** Why a call cannot wait; undefined if something is under way that it may wait for. */
  #refuse(): ConnectError | undefined {
    if (this.#closed) return new ConnectError("the client is closed", Code.Canceled);
    if (this.#waiters.size >= WAITERS_MAX)
      return new ConnectError("too many calls wait for a connection", Code.ResourceExhausted);
    if (this.#endpoints.size === 0) this.#resolver.refresh();
    else this.#connect();
    const all = [...this.#endpoints.values()];
    const nearMs = performance.now() + NEAR_MS;
    const isNear = all.length === 0 || all.some((it) => it.isBusy || (it.retryAtMs ?? 0) <= nearMs);
    return isNear ? undefined : unavailable(this.#lastError());
  }

  #connect(): void {
    for (const it of this.#endpoints.values()) it.connect();
  }

  #onAddresses(addresses: readonly Address[]): void {
    const keys = new Set(addresses.map(addressKey));
    for (const [key, endpoint] of this.#endpoints) {
      if (keys.has(key)) continue;
      this.#endpoints.delete(key);
      endpoint.retire();
    }
    const callbacks = { onChange: () => this.#onChange(), onFailure: () => this.#onFailure() };
    for (const address of addresses) {
      const key = addressKey(address);
      if (this.#endpoints.has(key)) continue;
      this.#endpoints.set(key, createEndpoint({ address, sessions: this.#sessions, ...callbacks }));
    }
    this.#onChange();
  }

  #onChange(): void {
    const all = [...this.#endpoints.values()];
    this.#ready = all.flatMap((it) => it.sessions.filter(({ state }) => state === "ready"));
    this.#incomplete = all.some((it) => it.isIdle);
    if (this.#waiters.size === 0) return;
    if (this.#ready.length > 0) this.#connectWaiters();
    else if (!all.some((it) => it.isBusy)) this.#connect();
  }

  #connectWaiters(): void {
    const waiting = [...this.#waiters];
    this.#waiters.clear();
    for (const it of waiting) {
      const session = this.pick();
      if (session === undefined) this.#waiters.add(it);
      else it.connected(session);
    }
  }

  #onFailure(): void {
    this.#resolver.refresh();
    const all = [...this.#endpoints.values()];
    if (this.#ready.length === 0 && !all.some((it) => it.isBusy)) this.#failAll(this.#lastError());
  }

  #failAll(cause: unknown): void {
    const error = unavailable(cause);
    const all = [...this.#waiters];
    this.#waiters.clear();
    for (const it of all) it.unconnected(error);
  }

  #lastError(): unknown {
    const failed = [...this.#endpoints.values()].find((it) => it.lastError !== undefined);
    return failed?.lastError ?? this.#resolveError;
  }
}
