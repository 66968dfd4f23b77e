/** Times in milliseconds. A dead peer is found at most 2 × quiet + ping after the last that was heard of it. */
export interface KeepaliveTimes {
  /** A peer that owes answers and is quiet for so long is asked for a sign of life. */
  readonly quietMs: number;
  /** A peer that has not answered by then is dead. */
  readonly pingMs: number;
}

/** Finds out whether the other end of a connection is still there. */
export interface Keepalive {
  start(): void;
  /** Asks for a sign of life now; one at a time. */
  verify(): void;
  /** Does so unless it has just been done. */
  suspect(): void;
  stop(): void;
}

// Peers take offence at many pings.
const SUSPECT_PAUSE_MS = 1_000;

/**
 * Watches a connection with one timer and a counter, so that it costs calls next to nothing. Only a peer that owes an
 * answer is pinged: servers may take pings on idle connections for an attack.
 */
export function createKeepalive(options: {
  times: KeepaliveTimes;
  /** Sends a ping; false if it cannot. */
  ping: (onAnswer: (error: Error | null) => void) => boolean | undefined;
  /** Grows with whatever is received. */
  heardCount: () => number;
  isIdle: () => boolean;
  /** The connection has been idle for `quietMs`. */
  onIdle: () => void;
  onAlive: () => void;
  onDead: () => void;
}): Keepalive {
  const { times, ping, heardCount, isIdle, onIdle, onAlive, onDead } = options;
  let interval: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let nextSuspectMs = 0;
  let heardBefore = 0;

  const answered = (error: Error | null) => {
    clearTimeout(waiting);
    waiting = undefined;
    if (error === null) onAlive();
  };
  const send = () => {
    if (waiting !== undefined) return;
    nextSuspectMs = performance.now() + SUSPECT_PAUSE_MS;
    waiting = setTimeout(() => {
      // This process may have been busy while the answer came: what has arrived is read before the peer is given up.
      setImmediate(() => {
        if (waiting === undefined) return;
        waiting = undefined;
        onDead();
      });
    }, times.pingMs).unref();
    if (!ping(answered)) answered(new Error("no ping could be sent"));
  };
  const check = () => {
    const heard = heardCount();
    const quiet = heard === heardBefore;
    heardBefore = heard;
    if (!quiet) return;
    if (isIdle()) onIdle();
    else send();
  };
  return {
    start() {
      interval ??= setInterval(check, times.quietMs).unref();
    },
    verify: send,
    suspect() {
      if (performance.now() >= nextSuspectMs) send();
    },
    stop() {
      clearInterval(interval);
      clearTimeout(waiting);
      interval = undefined;
      waiting = undefined;
    },
  };
}
