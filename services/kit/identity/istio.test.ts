import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { istioIdentity } from "./istio.ts";
import { createProofs } from "./proof.ts";
import { ISTIO_ACCOUNTS, spiffeIdOf, workloadOfSpiffeId } from "./spiffe.ts";
import { WORKLOAD_HEADER } from "./workload.ts";
import { XFCC_HEADER } from "./xfcc.ts";

const realm = { trustDomain: "cluster.local", namespace: "shopmesh", accounts: ISTIO_ACCOUNTS };
const identity = istioIdentity(realm, { forwardedPorts: false });
const trying = istioIdentity(realm, { forwardedPorts: true });
const PREFIX = "spiffe://cluster.local/ns/shopmesh/sa/";

function callerOf(uri: string | undefined, address = "127.0.0.6", headers: Record<string, string> = {}, by = identity) {
  const told = uri === undefined ? {} : { [XFCC_HEADER]: `By=${PREFIX}product;Hash=0af1;Subject="";URI=${uri}` };
  return by.callerOf({ header: new Headers({ ...headers, ...told }), peer: { address, spiffeId: undefined } });
}

describe("the caller that a sidecar tells of", () => {
  it.each([
    [`${PREFIX}order`, "order"],
    [`${PREFIX}edge-istio`, "edge"], // the service account that Istio makes for the ingress
    [`${PREFIX}someone-else`, "someone-else"],
    [undefined, undefined],
  ])("of %s is %s", (uri, caller) => {
    expect(callerOf(uri)).toBe(caller);
  });

  it.each([
    `${PREFIX}edge`, // anybody's: the ingress has another
    "spiffe://cluster.local/ns/other/sa/order",
    "spiffe://evil.example/ns/shopmesh/sa/order",
    "spiffe://cluster.local/ns/shopmesh/sa/",
    `${PREFIX}order/../product`,
    `${PREFIX}Order`,
    `x${PREFIX}order`,
    "order",
  ])("is refused where it is %s, whatever it wants", (uri) => {
    expect(() => callerOf(uri)).toThrow("no workload of the shop");
  });

  it.each(["127.0.0.6", "::6", "::ffff:127.0.0.6"])("is believed of %s", (address) => {
    expect(callerOf(`${PREFIX}order`, address)).toBe("order");
  });

  it.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])(
    "is believed of the forwarded port %s only where one tries calls",
    (address) => {
      expect(callerOf(`${PREFIX}order`, address)).toBeUndefined();
      expect(callerOf(`${PREFIX}order`, address, {}, trying)).toBe("order");
    },
  );

  it.each(["10.244.0.7", "127.0.0.2", "::ffff:10.244.0.7", "fe80::1", "127.0.0.6.evil.example", ""])(
    "is not believed of %j, which is no sidecar",
    (address) => {
      expect(callerOf(`${PREFIX}order`, address)).toBeUndefined();
    },
  );

  it("is nobody without that header, whatever proofs come along", () => {
    const proof = createProofs(Buffer.alloc(32)).prove("order");
    expect(callerOf(undefined, "127.0.0.6", { [WORKLOAD_HEADER]: proof })).toBeUndefined();
    expect(identity.unnamed).toBe("");
    expect(identity.header).toEqual({});
  });
});

describe("the SPIFFE id of a workload", () => {
  it("leads back to it, and no other id does", () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const realms = fc.record({
      trustDomain: fc.domain(),
      namespace: name,
      accounts: fc.constantFrom<Readonly<Record<string, string>>>({}, ISTIO_ACCOUNTS),
    });
    fc.assert(
      fc.property(realms, realms, name, name, (realm, other, one, two) => {
        fc.pre(!Object.values(realm.accounts).includes(one));
        const id = spiffeIdOf(one, realm);
        expect(workloadOfSpiffeId(id, realm)).toBe(one);
        if (one !== two) expect(workloadOfSpiffeId(spiffeIdOf(two, realm), realm)).not.toBe(one);
        if (realm.trustDomain !== other.trustDomain || realm.namespace !== other.namespace)
          expect(workloadOfSpiffeId(id, other)).toBeUndefined();
      }),
    );
  });
});
