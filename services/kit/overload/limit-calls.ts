import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import type { Call } from "../call.ts";
import type { Metrics } from "../metrics.ts";
import type { Step } from "../pipeline/pipeline.ts";
import { createConcurrencyLimit, type Sample } from "./concurrency-limit.ts";
import { type LoopClock, processLoop, watchEventLoop } from "./event-loop.ts";
import { createRefusals } from "./refusals.ts";
import { sampleOf } from "./sample.ts";

/** The steps that keep a service from taking on more than it can do. */
export interface OverloadSteps {
  /** Refuses what is too much, before the request is read. */
  readonly admission: Step;
  /** Lets calls in again whose request was long in coming: they take no slot meanwhile. */
  readonly check: Step;
}

export interface OverloadDeps {
  readonly metrics: Metrics;
  /** The process's own unless a test has another. */
  readonly clock?: LoopClock;
  readonly random?: () => number;
}

/** A call's slot among those that the service works on. */
interface Slot {
  readonly call: Call;
  held: boolean;
  /** The turn of the event loop in which it was taken. */
  turn: number;
  arrivedMs: number;
  over: boolean;
  sample: Sample | undefined;
}

/** Whether a call counts: streams may live for ever; health, reflection and telemetry answer whatever happens. */
function counts({ method, policy }: Call): boolean {
  return method.methodKind === "unary" && method.parent !== WorkloadService && !policy.callers.includes("*");
}

/**
 * Limits how many unary calls a service works on at once, by how long they take.
 * @returns steps that throw Failure OVERLOADED with a time to come again
 */
export function limitCalls({ metrics, clock = processLoop, random = Math.random }: OverloadDeps): OverloadSteps {
  const limit = createConcurrencyLimit({ nowMs: clock.nowMs, random });
  const refusalAfter = createRefusals();
  const refusals = metrics.counter("rpc_server_overloaded_total", "Calls refused since the service had too much to do");
  metrics.gauge("rpc_server_concurrency_limit", "Unary calls that may be worked on at once", () => limit.limit);
  metrics.gauge("rpc_server_concurrency", "Unary calls that are being worked on", () => limit.inFlight);
  /** Calls whose request is still on its way. */
  const arriving = new Map<Call, Slot>();
  let taken: Slot[] = [];

  const give = (slot: Slot) => {
    slot.held = false;
    limit.release(slot.sample);
  };
  // A slot is kept to the end of the loop's turn: what one turn reads stands in one queue, answered at once or not.
  const loop = watchEventLoop(clock, () => {
    for (const slot of taken) {
      if (slot.over) give(slot);
      else if (slot.call.message === undefined) {
        give(slot);
        arriving.set(slot.call, slot);
      }
    }
    taken = [];
  });

  const take = (slot: Slot) => {
    slot.arrivedMs = loop.enter();
    if (!limit.tryAcquire(!loop.busy)) {
      refusals.inc();
      throw refusalAfter(limit.retryAfterMs());
    }
    slot.held = true;
    slot.turn = loop.turn;
    taken.push(slot);
  };

  const end = (slot: Slot, code: number) => {
    if (!slot.held) return void arriving.delete(slot.call);
    slot.sample = sampleOf(slot.call, code, clock.nowMs() - slot.arrivedMs, loop.busy);
    slot.over = true;
    if (slot.turn !== loop.turn) give(slot);
  };

  return {
    admission(call) {
      if (!counts(call)) return;
      const slot: Slot = { call, held: false, turn: 0, arrivedMs: 0, over: false, sample: undefined };
      take(slot);
      call.onEnd.push(({ code }) => end(slot, code));
    },
    check(call) {
      const slot = arriving.size === 0 ? undefined : arriving.get(call);
      if (slot === undefined) return;
      arriving.delete(call);
      take(slot);
    },
  };
}
