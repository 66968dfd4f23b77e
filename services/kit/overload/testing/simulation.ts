import { Code } from "@connectrpc/connect";
import type { Call } from "../../call.ts";
import type { LoopClock } from "../event-loop.ts";

/** A request on its way through a simulated service. */
export interface SimulatedRequest {
  /** When it reaches the socket. */
  readonly atMs: number;
  /** What the thread has to do for it. */
  readonly cpuMs: number;
  /** Waiting for a store or another service, in the middle of that; 0 for none. */
  readonly waitMs: number;
  /** When its caller wants it to have been answered, in milliseconds from `atMs`. */
  readonly withinMs: number;
  readonly call: () => Call;
}

export interface Answered {
  readonly request: SimulatedRequest;
  /** Milliseconds from reaching the socket. */
  readonly tookMs: number;
  readonly refused: boolean;
}

/** What happens to a call: lets it in or throws. */
export type Admit = (call: Call) => void;

/** A clock that only the simulation moves. */
export interface SimulatedLoop extends LoopClock {
  run(requests: readonly SimulatedRequest[], admit: Admit): Answered[];
}

/** What reading and refusing a request costs the thread. */
export const REFUSAL_MS = 0.01;

/**
 * A discrete event simulation of a Node process that serves calls: in each turn its one thread first goes on with the
 * calls whose waiting is over, then reads all that has reached the sockets meanwhile. `requests` are sorted by time.
 */
export function simulateLoop(): SimulatedLoop {
  let nowMs = 0;
  let idleMs = 0;
  let listeners: (() => void)[] = [];

  return {
    nowMs: () => nowMs,
    idleMs: () => idleMs,
    afterTurn: (listener) => void listeners.push(listener),
    run(requests, admit) {
      const answered: Answered[] = [];
      let waiting: { untilMs: number; request: SimulatedRequest; call: Call }[] = [];
      let next = 0;

      const end = (request: SimulatedRequest, call: Call) => {
        const tookMs = nowMs - request.atMs;
        call.finish(tookMs > request.withinMs ? Code.DeadlineExceeded : 0, undefined);
        answered.push({ request, tookMs, refused: false });
      };
      const start = (request: SimulatedRequest) => {
        const call = request.call();
        try {
          admit(call);
        } catch {
          nowMs += REFUSAL_MS;
          call.finish(Code.ResourceExhausted, undefined);
          answered.push({ request, tookMs: nowMs - request.atMs, refused: true });
          return;
        }
        nowMs += request.waitMs > 0 ? request.cpuMs / 2 : request.cpuMs;
        if (request.waitMs > 0) waiting.push({ untilMs: nowMs + request.waitMs, request, call });
        else end(request, call);
      };
      const turn = () => {
        const pollMs = nowMs;
        const ready = waiting.filter((it) => it.untilMs <= pollMs).sort((a, b) => a.untilMs - b.untilMs);
        waiting = waiting.filter((it) => it.untilMs > pollMs);
        for (const { request, call } of ready) {
          nowMs += request.cpuMs / 2;
          end(request, call);
        }
        for (let request = requests[next]; request !== undefined && request.atMs <= pollMs; request = requests[next]) {
          next++;
          start(request);
        }
        const over = listeners;
        listeners = [];
        for (const listener of over) listener();
      };

      while (next < requests.length || waiting.length > 0) {
        const wakeMs = Math.min(requests[next]?.atMs ?? Number.POSITIVE_INFINITY, ...waiting.map((it) => it.untilMs));
        if (wakeMs > nowMs) {
          idleMs += wakeMs - nowMs;
          nowMs = wakeMs;
        }
        turn();
      }
      return answered;
    },
  };
}
