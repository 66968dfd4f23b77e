import pg from "pg";
import type { Logger } from "pino";
import { reasonOf } from "../reason.ts";
import { cut, endWithin } from "./pool.ts";

/** Called with a NOTIFY's payload, and with undefined after a lost connection was made anew. */
export type OnNotify = (payload: string | undefined) => void;

/** One connection that listens on any number of channels and is made anew when it breaks. */
export interface Listener {
  /** Resolves when the channel is listened on, to a function that ends that. */
  listen(channel: string, onNotify: OnNotify): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const RETRY_MS = 500;
/** A connection that is dead without knowing is silent like one on which nothing happens: so it is asked. */
const HEARTBEAT_MS = 5_000;
const ANSWER_MAX_MS = 4_000;

/** Sends a statement on a connection. */
type Send = (client: pg.Client, text: string) => Promise<unknown>;

/** Sends one statement after the other, as the driver wants it. */
function createTurns(): Send {
  let last: Promise<unknown> = Promise.resolve();
  return (client, text) => {
    const sent = last.then(() => client.query(text));
    last = sent.catch(() => {});
    return sent;
  };
}

/** Asks from time to time whether the other end is still there; one that does not answer is cut off. */
function watch(client: pg.Client, heartbeatMs: number, send: Send): void {
  const timer = setInterval(() => {
    send(client, "SELECT 1").catch(() => cut(client));
  }, heartbeatMs);
  timer.unref();
  client.once("end", () => clearInterval(timer));
}

/** Opens nothing before the first `listen`. The URL must lead straight to the server: no pooler passes a NOTIFY on. */
export function createListener(config: pg.ClientConfig, log: Logger, heartbeatMs: number = HEARTBEAT_MS): Listener {
  const channels = new Map<string, Set<OnNotify>>();
  const send = createTurns();
  let client: Promise<pg.Client> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const open = async (): Promise<pg.Client> => {
    const next = new pg.Client({ ...config, query_timeout: ANSWER_MAX_MS });
    next.on("notification", ({ channel, payload }) => {
      for (const it of channels.get(channel) ?? []) it(payload);
    });
    next.on("error", () => {}); // "end" follows
    try {
      await next.connect();
      for (const channel of channels.keys()) await next.query(`LISTEN "${channel}"`);
    } catch (error) {
      cut(next);
      throw error;
    }
    next.once("end", () => {
      client = undefined;
      retryLater();
    });
    watch(next, heartbeatMs, send);
    return next;
  };
  const connected = (): Promise<pg.Client> => {
    client ??= open().catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  };
  const retryLater = (): void => {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      connected().then(
        () => {
          for (const set of channels.values()) for (const it of set) it(undefined);
        },
        (error: unknown) => {
          // Those who ask say that the database is away; one line for that is enough.
          log.debug({ reason: reasonOf(error) }, "cannot listen; trying again");
          retryLater();
        },
      );
    }, RETRY_MS);
  };
  return {
    async listen(channel, onNotify) {
      const set = channels.get(channel) ?? new Set();
      channels.set(channel, set.add(onNotify));
      const remove = () => {
        set.delete(onNotify);
        if (set.size === 0 && channels.get(channel) === set) channels.delete(channel);
        return !channels.has(channel);
      };
      try {
        await send(await connected(), `LISTEN "${channel}"`);
      } catch (error) {
        remove();
        throw error;
      }
      return async () => {
        // A connection that breaks now has forgotten the channel as well.
        if (remove() && !closed) await client?.then((it) => send(it, `UNLISTEN "${channel}"`)).catch(() => {});
      };
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const last = await client?.catch(() => undefined);
      if (last !== undefined)
        await endWithin(
          () => last.end(),
          () => cut(last),
        );
    },
  };
}
