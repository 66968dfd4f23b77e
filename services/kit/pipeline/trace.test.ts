import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { continueTrace, traceHeader } from "./trace.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

/** Headers of which nothing may be believed. */
const BAD: readonly (string | null)[] = [
  null,
  "",
  "garbage",
  TRACE,
  `00-${TRACE}-${PARENT}`,
  `00-${TRACE}-${PARENT}-1`,
  `00-${TRACE}-${PARENT}-0g`,
  `00-${TRACE}-${PARENT}-01-more`,
  `00-${TRACE}-${PARENT}-01-`,
  `00-${TRACE}-${PARENT}-01 `,
  ` 00-${TRACE}-${PARENT}-01`,
  `ff-${TRACE}-${PARENT}-01`,
  `0-${TRACE}-${PARENT}-01`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
  `00-${TRACE.slice(1)}-${PARENT}-01`,
  `00-${TRACE}0-${PARENT}-01`,
  `00-${"0".repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE}-${PARENT.slice(1)}-01`,
  `00_${TRACE}_${PARENT}_01`,
];

describe("trace context", () => {
  it.each(BAD)("is begun anew for %j", (header) => {
    const trace = continueTrace(header);
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(TRACE);
    expect(trace).toMatchObject({ spanId: expect.stringMatching(/^[0-9a-f]{16}$/), sampled: true });
  });

  it.each([
    [`00-${TRACE}-${PARENT}-01`, true],
    [`00-${TRACE}-${PARENT}-00`, false],
    [`00-${TRACE}-${PARENT}-03`, true],
    [`01-${TRACE}-${PARENT}-01`, true],
    [`cc-${TRACE}-${PARENT}-00-what-the-future-will-be-like`, false],
  ])("is continued from %s, as a span of its own", (header, sampled) => {
    const trace = continueTrace(header);
    expect(trace).toMatchObject({ traceId: TRACE, sampled });
    expect(trace.spanId).not.toBe(PARENT);
  });

  it("survives being handed on any number of times", () => {
    const flags = fc.constantFrom("00", "01");
    fc.assert(
      fc.property(flags, fc.integer({ min: 1, max: 8 }), (flag, hops) => {
        const spans = new Set<string>();
        let header = `00-${TRACE}-${PARENT}-${flag}`;
        for (let hop = 0; hop < hops; hop++) {
          const trace = continueTrace(header);
          spans.add(trace.spanId);
          header = traceHeader(trace);
        }
        expect(header).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-${flag}$`));
        expect(spans.size).toBe(hops);
      }),
    );
  });
});
