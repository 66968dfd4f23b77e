import { Code, ConnectError } from "@connectrpc/connect";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** How a live view stands: "waiting" is the pause before the next attempt. */
export type LiveState = "connecting" | "live" | "waiting" | "ended" | "failed";

/** What to follow, and what to do with it. */
export interface LiveOptions<T> {
  /** Opens the stream. Its first message holds everything that was missed. */
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly onMessage: (message: T) => void;
  readonly onState: (state: LiveState, error?: unknown) => void;
  /** Whether a stream that ended had nothing more to say; otherwise it is opened again. */
  readonly isOver: () => boolean;
  /** Tells when it is worth trying again at once, because the network or the page is back. */
  readonly wakeups?: readonly Wakeup[];
}

/** An event that ends the pause between two attempts; `reopens` also gives up a connection that looks alive. */
export interface Wakeup {
  readonly target: EventTarget;
  readonly event: string;
  readonly reopens: boolean;
}

/** Follows a server stream, opening it again after breaks with growing pauses. Returns how to stop. */
export function follow<T>({ open, onMessage, onState, isOver, wakeups = [] }: LiveOptions<T>): () => void {
  const stop = new AbortController();
  let attempt = new AbortController();
  let pauseMs = FIRST_PAUSE_MS;
  let endPause = () => {};

  async function once(): Promise<boolean> {
    attempt = new AbortController();
    onState("connecting");
    for await (const message of open(AbortSignal.any([stop.signal, attempt.signal]))) {
      pauseMs = FIRST_PAUSE_MS;
      onState("live");
      onMessage(message);
    }
    return isOver();
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        if (await once()) return onState("ended");
      } catch (error) {
        if (stop.signal.aborted) return;
        if (isFinal(error)) return onState("failed", error);
      }
      if (stop.signal.aborted) return;
      onState("waiting");
      await pause();
    }
  }

  async function pause(): Promise<void> {
    // A random part keeps a thousand pages from coming back in the same instant.
    const ms = pauseMs * (0.5 + Math.random() / 2);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  for (const { target, event, reopens } of wakeups) {
    const onEvent = () => {
      if (reopens) attempt.abort();
      endPause();
    };
    target.addEventListener(event, onEvent, { signal: stop.signal });
  }
  stop.signal.addEventListener("abort", () => endPause(), { once: true });
  void run();
  return () => stop.abort();
}

/** What a browser knows of networks that come back and pages that are looked at again. */
export const browserWakeups = (): Wakeup[] => [
  { target: window, event: "online", reopens: true },
  { target: document, event: "visibilitychange", reopens: false },
];

function isFinal(error: unknown): boolean {
  return [Code.NotFound, Code.PermissionDenied, Code.InvalidArgument, Code.Unimplemented].includes(
    ConnectError.from(error).code,
  );
}
