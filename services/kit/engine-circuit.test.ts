import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CircuitState, createCircuit, type EndPass, FAILURES_MAX, type Outcome } from "./engine-circuit.ts";

/** A circuit on a clock of its own, with the longest pauses, and what it told of its changes. */
function start() {
  const clock = { ms: 0 };
  const changes: CircuitState[] = [];
  const circuit = createCircuit({ nowMs: () => clock.ms, random: () => 0, onChange: (it) => void changes.push(it) });
  const run = (outcome: Outcome) => {
    const end = circuit.admit();
    end?.(outcome);
    return end !== undefined;
  };
  const fail = (times: number) => {
    for (let at = 0; at < times; at++) run("away");
  };
  return { circuit, clock, changes, run, fail };
}

const PAUSE_MAX_MS = 4_000;

describe("a circuit", () => {
  it.each<[string, Outcome[], CircuitState]>([
    ["failures in a row", Array<Outcome>(FAILURES_MAX).fill("away"), "open"],
    ["one less", Array<Outcome>(FAILURES_MAX - 1).fill("away"), "closed"],
    ["fewer, of those that were waited for", ["late", "late", "late"], "open"],
    ["an answer between", [...Array<Outcome>(FAILURES_MAX - 1).fill("away"), "there", "away"], "closed"],
    ["what tells nothing", Array<Outcome>(FAILURES_MAX * 2).fill("unknown"), "closed"],
    ["every second one", Array.from({ length: 20 }, (_, at) => (at % 2 ? "away" : "there")), "open"],
    ["every third one", Array.from({ length: 60 }, (_, at) => (at % 3 ? "there" : "away")), "closed"],
  ])("by %s", (_, outcomes, state) => {
    const { circuit, run } = start();
    for (const it of outcomes) run(it);
    expect(circuit.state).toBe(state);
  });

  it("forgets what lies long ago", () => {
    const { circuit, clock, run } = start();
    for (let at = 0; at < 100; at++) {
      run(at % 2 ? "away" : "there");
      clock.ms += 1_000;
    }
    expect(circuit.state).toBe("closed");
  });

  it("lets nobody through while open, then one at a time, with growing pauses, until that one succeeds", () => {
    const { circuit, clock, changes, run, fail } = start();
    fail(FAILURES_MAX);
    const pauses: number[] = [];
    for (let opening = 0; opening < 6; opening++) {
      expect(run("there")).toBe(false);
      pauses.push(circuit.retryAfterMs);
      clock.ms += circuit.retryAfterMs;
      const end = circuit.admit();
      expect(circuit.state).toBe("half-open");
      expect([circuit.admit(), circuit.admit()]).toEqual([undefined, undefined]);
      end?.("away");
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    clock.ms += circuit.retryAfterMs;
    expect([run("there"), circuit.state, circuit.retryAfterMs]).toEqual([true, "closed", 0]);
    expect(changes.filter((it) => it === "closed")).toHaveLength(1);
  });

  it("takes another for the one that could not tell", () => {
    const { circuit, clock, run, fail } = start();
    fail(FAILURES_MAX);
    clock.ms += circuit.retryAfterMs;
    run("unknown");
    expect(run("there")).toBe(true);
    expect(circuit.state).toBe("closed");
  });

  it("is closed by a probe at any time, and not kept open by one", () => {
    const { circuit, fail } = start();
    fail(FAILURES_MAX);
    const before = circuit.retryAfterMs;
    circuit.probe()("away");
    expect([circuit.state, circuit.retryAfterMs]).toEqual(["open", before]);
    circuit.probe()("there");
    expect(circuit.state).toBe("closed");
  });

  it("takes no notice of what began before the last change", () => {
    const { circuit, fail } = start();
    const old = Array.from({ length: FAILURES_MAX * 3 }, () => circuit.admit());
    fail(FAILURES_MAX);
    old.pop()?.("there");
    expect(circuit.state).toBe("open");
    circuit.probe()("there");
    for (const end of old) end?.("away");
    expect(circuit.state).toBe("closed");
  });

  it("whatever happens, lets one through at a time while it is not closed, and one for sure after the longest pause", () => {
    const outcome = fc.constantFrom<Outcome>("there", "away", "late", "unknown");
    const step = fc.record({ kind: fc.constantFrom("admit", "end", "probe", "wait"), at: fc.nat(5_000), outcome });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { circuit, clock } = start();
        const begun: EndPass[] = [];
        const doStep: Record<string, (at: number, outcome: Outcome) => void> = {
          wait(at) {
            clock.ms += at;
          },
          probe: () => void begun.push(circuit.probe()),
          end: (at, how) => begun.splice(at % 10, 1)[0]?.(how),
          admit() {
            const before = circuit.state;
            const end = circuit.admit();
            if (end !== undefined) begun.push(end);
            expect(`${before} ${end !== undefined} ${circuit.state}`).toMatch(
              /^(closed true closed|open true half-open|open false open|half-open false half-open)$/,
            );
          },
        };
        for (const it of steps) doStep[it.kind]?.(it.at, it.outcome);
        for (const end of begun) end("unknown");
        clock.ms += PAUSE_MAX_MS;
        circuit.admit()?.("there");
        expect(circuit.state).toBe("closed");
      }),
    );
  });
});
