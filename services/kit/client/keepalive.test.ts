import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createKeepalive, type Keepalive } from "./keepalive.ts";

const times = { quietMs: 5_000, pingMs: 3_000 };

let heard: number;
let idle: boolean;
let alive: boolean;
let keepalive: Keepalive;
const ping = vi.fn((onAnswer: (error: Error | null) => void) => {
  if (alive) onAnswer(null);
  return true;
});
const told = { onIdle: vi.fn(), onAlive: vi.fn(), onDead: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  heard = 0;
  idle = false;
  alive = true;
  keepalive = createKeepalive({ times, ping, heardCount: () => heard, isIdle: () => idle, ...told });
  keepalive.start();
});
afterEach(() => {
  keepalive.stop();
  vi.useRealTimers();
});

describe("keepalive", () => {
  it("finds a dead peer that owes an answer within the time that is stated", () => {
    alive = false;
    vi.advanceTimersByTime(2 * times.quietMs + times.pingMs + 1);
    expect(told.onDead).toHaveBeenCalled();
  });

  it("leaves a peer alone that answers pings, or that is heard of", () => {
    vi.advanceTimersByTime(20 * times.quietMs);
    expect(ping).toHaveBeenCalled();
    ping.mockClear();
    for (let at = 0; at < 20; at++) {
      heard++;
      vi.advanceTimersByTime(times.quietMs);
    }
    expect(ping).not.toHaveBeenCalled();
    expect(told.onDead).not.toHaveBeenCalled();
  });

  it("does not ping a peer that owes nothing, but says so", () => {
    idle = true;
    vi.advanceTimersByTime(20 * times.quietMs);
    expect(ping).not.toHaveBeenCalled();
    expect(told.onIdle).toHaveBeenCalled();
  });

  it("takes a ping's answer that came while the process was busy", () => {
    alive = false;
    keepalive.verify();
    const [[onAnswer] = []] = ping.mock.calls;
    setTimeout(() => setImmediate(() => onAnswer?.(null)), times.pingMs - 1);
    vi.advanceTimersByTime(times.pingMs + 10);
    expect(told.onAlive).toHaveBeenCalledTimes(1);
    expect(told.onDead).not.toHaveBeenCalled();
  });

  it("suspects a peer once for many calls that waited in vain", () => {
    for (let at = 0; at < 100; at++) keepalive.suspect();
    expect(ping).toHaveBeenCalledTimes(1);
  });
});
