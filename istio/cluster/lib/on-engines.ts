import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { type EngineName, type FragileEngine, settingsOf } from "../../../services/shop/testing/fragile-engines.ts";
import { ENGINES, type Engine } from "../../engines.ts";
import type { GeneratedFile } from "../../files.ts";
import { EDGE_GATEWAY, NAMESPACE } from "../../names.ts";
import type { KubeObject } from "./kubectl.ts";
import { image, render } from "./manifests.ts";
import { SETTINGS, TEST_LABEL } from "./settings.ts";

const PROD = "k8s/overlays/prod";
const MANAGED = "../../components/managed";
const ALL_ENGINES = "../../base/generated/engines/all";
const REPLICAS = "2";

/** What engines are called by those who start them, and by those who let services out to them. */
export const STARTED_AS: Readonly<Record<Engine, EngineName>> = {
  postgres: "PostgreSQL",
  mongodb: "MongoDB",
  redis: "Redis",
  s3: "S3",
  kafka: "Kafka",
};

type Engines = Readonly<Record<EngineName, FragileEngine>>;

interface ExternalSecret extends KubeObject {
  readonly spec: {
    readonly target: { readonly name: string };
    readonly data: readonly { readonly secretKey: string }[];
  };
}

function readYaml<T>(path: string): T {
  return parse(readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8"));
}

const written = (path: string, content: unknown): GeneratedFile => ({ path, text: JSON.stringify(content) });

/** prod's values.yaml as an operator completes it: where each engine is. */
function values(engines: Engines): GeneratedFile {
  const path = `${PROD}/values.yaml`;
  const content = readYaml<{ data: Record<string, string> }>(path);
  const places = (Object.keys(ENGINES) as Engine[]).flatMap((it) => {
    const { host, port } = engines[STARTED_AS[it]].proxy;
    return [
      [`${it}Network`, `${host}/32`],
      [`${it}Port`, `${port}`],
    ];
  });
  return written(path, {
    ...content,
    data: { ...content.data, replicas: REPLICAS, ...Object.fromEntries(places) },
  });
}

/** prod's kustomization.yaml with the component of all engines, and what dev has to fit on a small machine without a load balancer. */
function kustomization(): GeneratedFile {
  const path = `${PROD}/kustomization.yaml`;
  const content = readYaml<{ components: string[]; images: { name: string }[] }>(path);
  const components = content.components.flatMap((it) => (it === MANAGED ? [it, ALL_ENGINES] : [it]));
  const patch = (target: object, ...operations: object[]) => ({ target, patch: JSON.stringify(operations) });
  const cpu = "/spec/template/spec/containers/0/resources/requests/cpu";
  return written(path, {
    ...content,
    components,
    images: content.images.map(({ name }) => ({ name, ...image(SETTINGS.image) })),
    patches: [
      patch(
        { kind: "ConfigMap", name: `${EDGE_GATEWAY.gateway}-gateway` },
        { op: "add", path: "/data/service", value: "spec:\n  type: ClusterIP\n" },
      ),
      patch({ group: "apps", kind: "Deployment" }, { op: "replace", path: cpu, value: "50m" }),
    ],
  });
}

/** What the store of secrets holds: for every service the same engines, and somebody who administrates. */
function secretsFor(objects: readonly KubeObject[], engines: Engines): object[] {
  const held: Readonly<Record<string, string>> = {
    ...settingsOf(engines),
    ADMIN_EMAIL: "admin@shop.example",
    ADMIN_PASSWORD: crypto.randomUUID(),
  };
  return (objects.filter((it) => it.kind === "ExternalSecret") as ExternalSecret[]).map(({ spec }) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: spec.target.name, namespace: NAMESPACE, labels: TEST_LABEL },
    stringData: Object.fromEntries(
      spec.data.map(({ secretKey }) => {
        const value = held[secretKey];
        if (value === undefined) throw new Error(`Nobody knows what ${secretKey} is`);
        return [secretKey, value];
      }),
    ),
  }));
}

/**
 * prod with all engines, as k8s/components/README.md has it.
 * @returns its objects, and the secrets that External Secrets would make of them
 */
export async function prodOnEngines(engines: Engines): Promise<{ objects: KubeObject[]; secrets: object[] }> {
  const objects = await render(PROD, [values(engines), kustomization()]);
  return { objects, secrets: secretsFor(objects, engines) };
}
