import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { readMesh } from "../shop.ts";
import { emitAuthentication } from "./authentication.ts";
import { emitTokenKeys } from "./token-keys.ts";

interface Patch {
  readonly applyTo: string;
  readonly match: { readonly context: string };
  readonly patch: { readonly value: Record<string, unknown> & { readonly typed_config: { providers: Providers } } };
}
type Providers = Record<
  string,
  Record<string, unknown> & { remote_jwks: { http_uri: { cluster: string; uri: string } } }
>;
interface Filter {
  readonly spec: {
    readonly workloadSelector: { readonly labels: Record<string, string> };
    readonly configPatches: readonly Patch[];
  };
}

const objects = (files: ReturnType<typeof emitTokenKeys>) =>
  files.flatMap((file) => parseAllDocuments(file.text).map((it) => it.toJS()));
const mesh = await readMesh();
const filters: Filter[] = objects(emitTokenKeys(mesh));
const found = filters.map(({ spec }) => {
  const [fetch] = spec.configPatches.filter((it) => it.applyTo === "HTTP_FILTER");
  return {
    workload: Object.values(spec.workloadSelector.labels)[0] ?? "",
    context: fetch?.match.context,
    provider: fetch?.patch.value.typed_config.providers["access-tokens"],
    others: spec.configPatches.filter((it) => it !== fetch),
  };
});

it("every workload and the ingress fetch keys through the mesh, where requests come in", () => {
  const host = "auth.shopmesh.svc.cluster.local";
  const readers = ["edge", ...mesh.workloads.map((it) => it.name)];
  expect(found.map((it) => [it.workload, it.context])).toEqual(
    readers.map((it) => [it, it === "edge" ? "GATEWAY" : "SIDECAR_INBOUND"]),
  );
  for (const { workload, provider } of found)
    expect(provider?.remote_jwks.http_uri).toMatchObject({
      uri: `http://${host}:3002/.well-known/jwks.json`,
      cluster: workload === "auth" ? "token-keys" : `outbound|3002||${host}`,
    });
});

it("the issuer's proxy asks the process behind it", () => {
  expect(found.filter((it) => it.others.length > 0).map((it) => it.workload)).toEqual(["auth"]);
  const [own] = found.flatMap((it) => it.others);
  expect(own?.patch.value).toMatchObject({ name: "token-keys" });
  expect(JSON.stringify(own)).toContain('{"address":"127.0.0.1","port_value":3002}');
});

it("tokens are the same as in the RequestAuthentication that is patched, wherever there is one", () => {
  const rules = objects(emitAuthentication(mesh)).filter((it) => it.kind === "RequestAuthentication");
  expect(found.map((it) => it.workload)).toEqual(rules.map((it) => it.metadata.name));
  for (const { provider } of found)
    for (const [rule] of rules.map((it) => it.spec.jwtRules)) {
      expect(provider).toMatchObject({
        issuer: rule.issuer,
        audiences: rule.audiences,
        forward: rule.forwardOriginalToken,
      });
      const headers = rule.fromHeaders.map(({ name, prefix }: Record<string, string>) => ({
        name,
        value_prefix: prefix,
      }));
      expect(provider?.from_headers).toEqual(headers);
    }
});
