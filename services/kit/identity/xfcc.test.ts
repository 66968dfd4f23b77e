import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { peerUriOf } from "./xfcc.ts";

const ORDER = "spiffe://cluster.local/ns/shopmesh/sa/order";
const MALLORY = "spiffe://cluster.local/ns/shopmesh/sa/mallory";

describe("x-forwarded-client-cert", () => {
  it.each([
    // As Envoy writes it, for certificates of Istio's and of others.
    [`By=spiffe://cluster.local/ns/shopmesh/sa/product;Hash=0af1;Subject="";URI=${ORDER}`, ORDER],
    [`By=a;Hash=0af1;Subject="CN=order\\, the \\"first\\",O=shop; Ltd";URI=${ORDER};DNS=order;DNS=order.shop`, ORDER],
    [`Hash=0af1;Cert="-----BEGIN%20CERTIFICATE";Chain="-----BEGIN";URI=${ORDER}`, ORDER],
    [`URI=${ORDER}`, ORDER],
    [` URI="${ORDER}" `, ORDER],
    [`uri=${ORDER}`, ORDER],
    // The nearest proxy wrote the last.
    [`URI=${ORDER},By=a;URI=${MALLORY}`, MALLORY],
    [`By=a;Subject="";URI=${ORDER}, By=b;Subject="O=x,CN=y";URI=${MALLORY}`, MALLORY],
    // What is no certificate with exactly one name.
    [`URI=${ORDER},By=a;URI=`, undefined],
    [`URI=${ORDER},By=a;Subject="URI=${ORDER}"`, undefined],
    [`By=a;URI=${ORDER};URI=${MALLORY}`, undefined],
    [`URI=${ORDER},`, undefined],
    [`By=${ORDER};Hash=0af1`, undefined],
    [`XURI=${ORDER}`, undefined],
    [`Subject=";URI=${ORDER}`, undefined],
    ["", undefined],
  ])("%s", (header, uri) => {
    expect(peerUriOf(header)).toBe(uri);
  });

  const text = fc.string({ unit: fc.constantFrom("a", "=", ";", ",", '"', "\\", " ", "URI=", `URI=${ORDER}`) });
  const quoted = text.map((it) => `"${it.replaceAll(/["\\]/g, "\\$&")}"`);
  const element = fc
    .record({ by: fc.constantFrom("", "By=spiffe://x/ns/y/sa/z;"), subject: quoted, more: fc.array(quoted) })
    .map(({ by, subject, more }) => `${by}Hash=0af1;Subject=${subject};${more.map((it) => `Cert=${it};`).join("")}`);

  it("says whose certificate the nearest proxy saw, whatever a client put before and whatever the certificate holds", () => {
    fc.assert(
      fc.property(text, element, (forged, own) => {
        expect(peerUriOf(`${own}URI=${MALLORY}`)).toBe(MALLORY);
        expect(peerUriOf(`${forged},${own}URI=${MALLORY}`)).toBe(MALLORY);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(text, fc.string()), (header) => void peerUriOf(header)));
  });
});
