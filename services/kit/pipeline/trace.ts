import { randomBytes } from "node:crypto";

/** A position in a distributed trace (https://www.w3.org/TR/trace-context/). */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

export const TRACE_HEADER = "traceparent";
// Version ff is invalid; version 00 ends after the flags, later ones may go on.
const PATTERN = /^(?!ff|00-.{53})[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Our own span: within the caller's trace if the header names one, else in a new trace. */
export function continueTrace(header: string | null): Trace {
  const match = header === null ? null : PATTERN.exec(header);
  const spanId = randomBytes(8).toString("hex");
  const [, traceId, parentId, flags] = match ?? [];
  if (traceId === undefined || flags === undefined || /^0+$/.test(traceId) || /^0+$/.test(parentId ?? "0")) {
    return { traceId: randomBytes(16).toString("hex"), spanId, sampled: true };
  }
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header for a call made within a trace. */
export function traceHeader(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? "01" : "00"}`;
}
