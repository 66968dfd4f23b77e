import type http from "node:http";
import { describe, expect, it } from "vitest";
import type { HttpPath } from "./deployment.ts";
import { createHttpAccess } from "./http-access.ts";
import { istioIdentity } from "./identity/istio.ts";
import { createProofs, proofIdentity } from "./identity/proof.ts";
import { ISTIO_ACCOUNTS } from "./identity/spiffe.ts";
import { WORKLOAD_HEADER } from "./identity/workload.ts";
import { XFCC_HEADER } from "./identity/xfcc.ts";

const paths: readonly HttpPath[] = [
  { path: "/images/", callers: ["edge"] },
  { path: "/keys.json", callers: ["*"] },
];
const realm = { trustDomain: "cluster.local", namespace: "shopmesh", accounts: ISTIO_ACCOUNTS };
const istio = istioIdentity(realm, { forwardedPorts: false });
const proofs = createProofs(Buffer.alloc(32, 1));
const proof = proofIdentity(proofs, "image");

function request(headers: Record<string, string>, remoteAddress = "127.0.0.6"): http.IncomingMessage {
  return { headers, socket: { remoteAddress } } as unknown as http.IncomingMessage;
}
const as = (account: string, namespace = "shopmesh") =>
  request({ [XFCC_HEADER]: `URI=spiffe://cluster.local/ns/${namespace}/sa/${account}` });

describe("plain HTTP is open", () => {
  const mayAsk = createHttpAccess({ identity: istio, paths, check: true });
  it.each([
    ["/images/1/640.webp", "the edge", as("edge-istio"), true],
    ["/images/1/640.webp", "another workload", as("order"), false],
    ["/images/1/640.webp", "another realm's edge", as("edge-istio", "other"), false],
    ["/images/1/640.webp", "nobody", request({}), false],
    ["/images/1/640.webp", "who is no sidecar", request(as("edge-istio").headers as never, "10.0.0.7"), false],
    ["/keys.json", "any workload", as("order"), true],
    ["/keys.json", "the sidecar itself", request({}), true],
    ["/keys.json/more", "what nothing is said of is the mesh's to keep", as("order"), true],
    ["/ready", "a probe", request({}, "10.0.0.7"), true],
  ])("%s, to %s: %#", (path, _, request, open) => {
    expect(mayAsk(path, request)).toBe(open);
  });

  it("on a laptop as to a browser, where nobody proves to be somebody else", () => {
    const mayAsk = createHttpAccess({ identity: proof, paths, check: true });
    expect(mayAsk("/images/1/640.webp", request({}))).toBe(true);
    expect(mayAsk("/images/1/640.webp", request({ [WORKLOAD_HEADER]: proofs.prove("order") }))).toBe(false);
    expect(mayAsk("/images/1/640.webp", request({ [WORKLOAD_HEADER]: "edge.made-up" }))).toBe(false);
  });

  it("to all where the check is switched off, so that the mesh alone is seen", () => {
    expect(createHttpAccess({ identity: istio, paths, check: false })("/images/1", as("order"))).toBe(true);
  });
});
