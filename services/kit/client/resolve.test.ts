import { describe, expect, it, vi } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { ADDRESSES_MAX, createResolver, type Lookup } from "./resolve.ts";
import { targetsOf } from "./target.ts";

function start(baseUrls: string, lookup: Lookup) {
  const onAddresses = vi.fn();
  const onFailure = vi.fn();
  const resolver = createResolver({ targets: targetsOf(baseUrls), lookup, onAddresses, onFailure });
  const known = () => onAddresses.mock.lastCall?.[0].map((it: { ip: string }) => it.ip);
  return { resolver, onAddresses, onFailure, known };
}

describe("a resolver", () => {
  it("knows at once the addresses that are no names, and looks nothing up", () => {
    const lookup = vi.fn<Lookup>();
    const { known, resolver } = start("http://10.0.0.1:1,http://[::2]:2", lookup);
    resolver.refresh();
    expect(known()).toEqual(["10.0.0.1", "::2"]);
    expect(lookup).not.toHaveBeenCalled();
    resolver.close();
  });

  it("finds all addresses of all names when it is asked to, and tells why it finds none", async () => {
    const lookup = vi.fn<Lookup>(async () => ["10.0.0.1", "10.0.0.2"]);
    lookup.mockRejectedValueOnce(new Error("not found")).mockResolvedValueOnce([]);
    const { known, onFailure, resolver } = start("http://product:1", lookup);
    for (const failures of [1, 2]) {
      resolver.refresh();
      await eventually(() => expect(onFailure).toHaveBeenCalledTimes(failures));
    }
    expect(onFailure.mock.calls.map(([error]) => error.message)).toEqual(["not found", "product has no address"]);
    resolver.refresh();
    await eventually(() => expect(known()).toEqual(["10.0.0.1", "10.0.0.2"]));
    resolver.close();
  });

  it("looks up once for many that ask, and keeps what it knew when that fails", async () => {
    vi.useFakeTimers();
    try {
      const lookup = vi.fn<Lookup>(async () => ["10.0.0.1"]);
      const { known, onFailure, resolver } = start("http://product:1", lookup);
      for (let at = 0; at < 5; at++) resolver.refresh();
      await vi.advanceTimersByTimeAsync(0);
      for (let at = 0; at < 5; at++) resolver.refresh();
      expect(lookup).toHaveBeenCalledTimes(1);
      lookup.mockRejectedValue(new Error("not found"));
      await vi.advanceTimersByTimeAsync(60_000);
      expect(lookup.mock.calls.length).toBeGreaterThan(1);
      expect(known()).toEqual(["10.0.0.1"]);
      expect(onFailure).not.toHaveBeenCalled();
      resolver.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it("uses some of too many", async () => {
    const ips = Array.from({ length: ADDRESSES_MAX * 2 }, (_, at) => `10.0.0.${at}`);
    const { known, resolver } = start("http://product:1", async () => ips);
    resolver.refresh();
    await eventually(() => expect(new Set(known()).size).toBe(ADDRESSES_MAX));
    resolver.close();
  });
});
