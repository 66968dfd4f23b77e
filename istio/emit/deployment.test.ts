import type { Deployment } from "kubernetes-models/apps/v1";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment as Described } from "#kit/deployment.ts";
import { CHECK_TIMEOUT_MS } from "#kit/health.ts";
import { KNOWN_PASSWORDS } from "#kit/known-passwords.ts";
import { CLOSE_GRACE_MS } from "#kit/serve.ts";
import { readSettings } from "#kit/settings.ts";
import { contractOf } from "#kit/testing/contract.ts";
import type { GeneratedFile } from "../files.ts";
import { calleesOf, type Mesh, meshOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { emitDeployment } from "./deployment.ts";

interface Kustomization {
  readonly resources?: readonly string[];
  readonly configMapGenerator?: readonly Generated[];
  readonly secretGenerator?: readonly Generated[];
}
interface Generated {
  readonly name: string;
  readonly literals: readonly string[];
}
type Pod = NonNullable<NonNullable<NonNullable<Deployment["spec"]>["template"]>["spec"]>;

const BASE = "k8s/base/generated";
const WORKLOAD_FILE = new RegExp(`^${BASE}/[a-z-]+\\.yaml$`);

/** All that is emitted for a mesh, as its readers see it. */
function emitted(mesh: Mesh) {
  const files = new Map(emitDeployment(mesh).map((it) => [it.path, it]));
  const text = (path: string) => files.get(path)?.text ?? "";
  const objects = (file: GeneratedFile) => parseAllDocuments(file.text).map((it) => it.toJS() as { kind: string });
  const workloads = [...files.values()].filter((it) => WORKLOAD_FILE.test(it.path));
  const all = workloads.flatMap(objects);
  const valuesOf = (all: readonly Generated[] = []) =>
    Object.fromEntries(
      all.map(({ name, literals }) => [
        name,
        Object.fromEntries(literals.map((it) => [it.slice(0, it.indexOf("=")), it.slice(it.indexOf("=") + 1)])),
      ]),
    );
  return {
    files,
    kindsOf: (name: string) =>
      objects(files.get(`${BASE}/${name}.yaml`) ?? { path: "", text: "" }).map((it) => it.kind),
    deployments: all.filter((it) => it.kind === "Deployment") as unknown as Deployment[],
    settings: valuesOf((parse(text(`${BASE}/settings/kustomization.yaml`)) as Kustomization).configMapGenerator),
    secrets: valuesOf((parse(text(`${BASE}/secrets/plain/kustomization.yaml`)) as Kustomization).secretGenerator),
    external: (parse(text(`${BASE}/secrets/external/kustomization.yaml`)) as Kustomization).resources ?? [],
  };
}

/** Dev's secrets with passwords that somebody chose. */
const ownSecrets = (secrets: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(
    Object.entries(secrets).map(([name, it]) => [
      name,
      KNOWN_PASSWORDS.reduce(
        (own, known) => (own === known ? "of-my-own" : own.replace(`:${known}@`, ":of-my-own@")),
        it,
      ),
    ]),
  );

const podOf = (it: Deployment) => it.spec?.template?.spec as Pod;
const containersOf = (pod: Pod) => [...(pod.initContainers ?? []), ...pod.containers];

let mesh: Mesh;
let shop: ReturnType<typeof emitted>;
let pods: readonly (readonly [string, Pod])[];
beforeAll(async () => {
  mesh = await readMesh();
  shop = emitted(mesh);
  pods = shop.deployments.map((it) => [it.metadata?.name ?? "", podOf(it)] as const);
});

describe("what runs in the cluster", () => {
  it("is every service, and the web app", () => {
    expect(pods.map(([name]) => name).sort()).toEqual([...mesh.workloads.map((it) => it.name), "web"].sort());
  });

  it("may do nothing on its node, and knows nothing of the cluster", () => {
    for (const [name, pod] of pods) {
      expect(pod.securityContext, name).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(pod.automountServiceAccountToken, name).toBe(false);
      for (const it of containersOf(pod)) {
        expect(it.securityContext, `${name} ${it.name}`).toEqual({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          privileged: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
        });
        expect(it.resources?.limits?.memory, `${name} ${it.name}`).toBeDefined();
      }
    }
  });

  it("is asked three different things, with time for the answer", () => {
    for (const [name, { containers }] of pods) {
      const [main] = containers;
      const { startupProbe, livenessProbe, readinessProbe } = main ?? {};
      const patience = (it: typeof startupProbe) => (it?.periodSeconds ?? 0) * (it?.failureThreshold ?? 0);
      expect(livenessProbe?.httpGet?.path, name).toBe("/health");
      expect(readinessProbe?.httpGet?.path, name).toBe("/ready");
      expect(patience(startupProbe), name).toBeGreaterThan(patience(livenessProbe));
      expect(patience(livenessProbe), name).toBeGreaterThan(patience(readinessProbe));
      for (const probe of [startupProbe, livenessProbe, readinessProbe])
        expect((probe?.timeoutSeconds ?? 0) * 1_000, name).toBeGreaterThan(CHECK_TIMEOUT_MS);
    }
  });

  it("has the time to end that its calls need", () => {
    for (const [name, pod] of pods) {
      const waitsMs = (pod.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
      expect(waitsMs, name).toBeGreaterThan(0);
      expect((pod.terminationGracePeriodSeconds ?? 0) * 1_000, name).toBeGreaterThan(waitsMs + CLOSE_GRACE_MS);
      expect(shop.settings[name], "it does not wait twice").toMatchObject({ SHUTDOWN_DELAY_MS: "0" });
    }
  });

  it("is not ended while it migrates, nor reported as failed", () => {
    for (const deployment of shop.deployments) {
      const { periodSeconds = 0, failureThreshold = 0 } = podOf(deployment).containers[0]?.startupProbe ?? {};
      expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(600);
      expect(deployment.spec?.progressDeadlineSeconds).toBeGreaterThan(periodSeconds * failureThreshold);
    }
  });

  it("does not take Kubernetes' variables for settings", () => {
    for (const [name, pod] of pods) expect(pod.enableServiceLinks, name).toBe(false);
  });
});

describe("what a workload is told", () => {
  it("is where those are that it calls, and nobody else", () => {
    for (const { name } of mesh.workloads) {
      const urls = Object.entries(shop.settings[name] ?? {}).filter(([it]) => it.endsWith("_URL"));
      const expected = calleesOf(mesh, name).map((it) => {
        const port = mesh.workloads.find((callee) => callee.name === it)?.port;
        return [`${it.toUpperCase()}_URL`, `http://${it}:${port}`];
      });
      expect(urls.sort(), name).toEqual(expected.sort());
    }
  });

  it("is understood by the kit, in every environment", () => {
    for (const [name, settings] of Object.entries(shop.settings))
      for (const environment of ["dev", "qat", "uat", "prod"]) {
        const secrets = environment === "dev" ? shop.secrets[name] : ownSecrets(shop.secrets[name]);
        const read = readSettings({ ...settings, ...secrets, ENVIRONMENT: environment });
        expect(read.host, name).toBe("0.0.0.0");
        expect(read.shutdownDelayMs, name).toBe(0);
      }
  });

  it("is refused where it is a secret that everybody knows, in every environment but dev", () => {
    for (const [name, secrets] of Object.entries(shop.secrets))
      for (const environment of ["qat", "uat", "prod"])
        for (const variable of Object.keys(secrets).filter((it) => it !== "ADMIN_EMAIL")) {
          const env = { ...ownSecrets(secrets), [variable]: secrets[variable], ENVIRONMENT: environment };
          expect(() => readSettings(env), name).toThrow(`password of ${variable} is`);
        }
  });

  it("is no secret, and its secrets are in no ConfigMap", () => {
    for (const [name, secrets] of Object.entries(shop.secrets))
      expect(Object.keys(shop.settings[name] ?? {}), name).not.toEqual(expect.arrayContaining(Object.keys(secrets)));
    expect(Object.keys(shop.secrets.auth ?? {}).sort()).toEqual(["ADMIN_EMAIL", "ADMIN_PASSWORD", "POSTGRES_URL"]);
  });
});

describe("a new service", () => {
  const described: Described = {
    store: "postgres",
    size: { cpuMillis: 70, memoryMiB: 100, memoryMaxMiB: 200 },
    settings: { STARS_MAX: "5" },
    secrets: { REVIEW_KEY: "of dev" },
  };
  const policy = { callers: ["edge", "order"], user: User.ANY, timeout: { seconds: 1n } };

  it("gets all that it needs from its contract and its deployment.ts", () => {
    const plain: Described = { store: "none", size: described.size };
    const contracts = ["cart", "order"].map((it) => contractOf([{ name: "Say", policy }], `test.${it}.v1`));
    const made = emitted(meshOf(contracts, { cart: described, order: plain }));

    expect(made.kindsOf("cart")).toEqual([
      "ServiceAccount",
      "Service",
      "Deployment",
      "HorizontalPodAutoscaler",
      "PodDisruptionBudget",
    ]);
    expect(made.settings.cart).toMatchObject({ STARS_MAX: "5", CART_PORT: "3004" });
    expect(made.settings.order).toMatchObject({ CART_URL: "http://cart:3004" });
    expect(Object.keys(made.secrets.cart ?? {})).toEqual(["POSTGRES_URL", "REVIEW_KEY"]);
    expect(made.external).toEqual(["cart.yaml"]);
    expect(made.files.get(`${BASE}/secrets/external/cart.yaml`)?.text).not.toContain("of dev");
    const deployment = made.deployments.find((it) => it.metadata?.name === "cart");
    expect(deployment && podOf(deployment).containers[0]?.resources).toEqual({
      requests: { cpu: "70m", memory: "100Mi" },
      limits: { memory: "200Mi" },
    });
  });
});
