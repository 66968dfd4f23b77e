import { SocketAddress } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkOf } from "./forwarded.ts";

describe("what an address counts as", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["nobody knows", "nobody knows"],
    ["", ""],
  ])("%s: %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it("is the same for all of an IPv6 network however they are written, and another for another's", () => {
    const half = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(half, half, half, (network, host, other) => {
        const long = [...network, ...host].map((it) => it.toString(16)).join(":");
        const { address } = new SocketAddress({ address: long, family: "ipv6" });
        fc.pre(!address.includes("."));
        const own = `${network.map((it) => it.toString(16)).join(":")}::/64`;
        expect([networkOf(long), networkOf(address), networkOf(long.toUpperCase())]).toEqual([own, own, own]);
        fc.pre(`${network}` !== `${other}`);
        expect(networkOf([...other, ...host].map((it) => it.toString(16)).join(":"))).not.toBe(own);
      }),
    );
  });
});
