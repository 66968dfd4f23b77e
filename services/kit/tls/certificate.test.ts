import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spiffeIdOfNames } from "./certificate.ts";

const ORDER = "spiffe://cluster.local/ns/shopmesh/sa/order";

describe("the SPIFFE id among a certificate's names", () => {
  it.each([
    [`URI:${ORDER}`, ORDER],
    [`DNS:order, URI:${ORDER}, IP Address:10.0.0.1`, ORDER],
    [`URI:"${ORDER}"`, ORDER],
    ["", undefined],
    [undefined, undefined],
    ["DNS:order", undefined],
    ["URI:https://order", undefined],
    [`URI:${ORDER}, URI:${ORDER}`, undefined],
    [`URI:${ORDER}, URI:https://order`, undefined],
    [`email:${ORDER}`, undefined],
    // Names with special characters, as node writes them.
    [`DNS:"order, URI:${ORDER}"`, undefined],
    [`othername:"x\\", URI:${ORDER}"`, undefined],
    [`DNS:"order, URI:${ORDER}`, undefined],
    [`DNS:order" URI:${ORDER}`, undefined],
  ])("%s", (names, id) => {
    expect(spiffeIdOfNames(names)).toBe(id);
  });

  it("is not found in other names, whatever they say", () => {
    const tricky = fc.string({ unit: fc.constantFrom("a", '"', "\\", ", ", ":", `URI:${ORDER}`) });
    fc.assert(
      fc.property(fc.array(tricky), (values) => {
        // node quotes what could be taken for more than one name.
        const names = values.map((it) => `DNS:${/^[a:]*$/.test(it) ? it : JSON.stringify(it)}`);
        expect(spiffeIdOfNames(names.join(", "))).toBeUndefined();
        expect(spiffeIdOfNames([...names, `URI:${ORDER}`].join(", "))).toBe(ORDER);
      }),
    );
  });
});
