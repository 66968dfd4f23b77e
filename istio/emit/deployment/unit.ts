import type { Deployment } from "#kit/deployment.ts";
import { calleesOf, type Mesh } from "../../model.ts";
import { NAME_LABEL, WEB } from "../../names.ts";

/** Something that runs as pods of its own, as far as the cluster needs to know: a service, or the web app's server. */
export interface Unit {
  readonly name: string;
  readonly port: number;
  /** Whether its port carries RPCs. */
  readonly rpcs: boolean;
  /** What node runs. */
  readonly program: string;
  readonly size: Deployment["size"];
  /** Its environment, as far as it is the same everywhere and no secret. */
  readonly settings: Readonly<Record<string, string>>;
  /** What comes from its Secret, with what it is in dev. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The database of the environment that brings its own, where nothing is secret. */
const DEV_POSTGRES_URL = "postgres://shopmesh:shopmesh@postgres:5432/shopmesh";

/** Said to every workload: where it is, and who proves the others' identity to it. */
const EVERYWHERE = {
  HOST: "0.0.0.0",
  LOG_LEVEL: "info",
  WORKLOAD_IDENTITY: "istio",
  // The pod's preStop has waited already; see pods.ts.
  SHUTDOWN_DELAY_MS: "0",
} as const;

/** Files from memory; a megabyte or two of them. */
export const WEB_SIZE = { cpuMillis: 50, memoryMiB: 96, memoryMaxMiB: 256 };

/** "PRODUCT_PORT" */
export function variableOf(workload: string, suffix: string): string {
  return `${workload.toUpperCase().replaceAll("-", "_")}_${suffix}`;
}

/** Where the workloads are that this one calls. */
function addressesOf(mesh: Mesh, name: string): Record<string, string> {
  const callees = mesh.workloads.filter((it) => calleesOf(mesh, name).includes(it.name));
  return Object.fromEntries(callees.map((it) => [variableOf(it.name, "URL"), `http://${it.name}:${it.port}`]));
}

/** Everything of the shop that runs as pods of its own, by name. */
export function unitsOf(mesh: Mesh): Unit[] {
  const services = mesh.workloads.map(({ name, port, deployment }): Unit => {
    const { store, size } = deployment;
    return {
      name,
      port,
      rpcs: true,
      program: `services/${name}/main.ts`,
      size,
      settings: {
        ...EVERYWHERE,
        ...addressesOf(mesh, name),
        [variableOf(name, "PORT")]: `${port}`,
        ...deployment.settings,
      },
      secrets: { ...(store === "postgres" && { POSTGRES_URL: DEV_POSTGRES_URL }), ...deployment.secrets },
    };
  });
  const web: Unit = {
    name: WEB.name,
    port: WEB.port,
    rpcs: false,
    program: "services/edge/web.ts",
    size: WEB_SIZE,
    settings: { ...EVERYWHERE, [variableOf(WEB.name, "PORT")]: `${WEB.port}` },
    secrets: {},
  };
  return [...services, web];
}

const PART_OF = { "app.kubernetes.io/part-of": "shopmesh" };

/** The labels of everything that belongs to a unit. */
export function labelsOf({ name }: Pick<Unit, "name">): Record<string, string> {
  return { [NAME_LABEL]: name, ...PART_OF };
}

/** The labels of the pods that serve everybody; a canary's stand on another track, so that each Deployment owns its pods. */
export function stablePodLabels({ name }: Unit): Record<string, string> {
  return { [NAME_LABEL]: name, track: "stable" };
}
