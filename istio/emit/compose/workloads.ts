import { ENGINES, type Engine, enginesOf, FULL, LEAN, settingsIn } from "../../engines.ts";
import { calleesOf, EDGE, type Mesh, type MeshWorkload } from "../../model.ts";
import { DEMO, WEB } from "../../names.ts";
import { variableOf, WEB_SIZE } from "../deployment/unit.ts";
import { afterCertificates, certificateOf, TLS_FILES } from "./certificates.ts";
import { after, type Container, confined, healthcheck, MESH_NETWORK, PROFILES, type Profile } from "./container.ts";
import { ADDRESSES, readyOf } from "./engines.ts";
import { EDGE_PORT } from "./ports.ts";
import { variable } from "./variables.ts";

/** Which engines a profile brings. */
const ENGINES_OF: Readonly<Record<Profile, ReadonlySet<Engine>>> = { lean: LEAN, full: FULL };

/** As long as migrations may take. */
const START_PERIOD = "10m";
const PLACE = { ENVIRONMENT: variable("ENVIRONMENT"), LOG_LEVEL: variable("LOG_LEVEL") };
const HOME = { HOST: "0.0.0.0", ...PLACE };
const ADMINISTRATOR = { ADMIN_EMAIL: variable("ADMIN_EMAIL"), ADMIN_PASSWORD: variable("ADMIN_PASSWORD") };

/** A profile's container of a workload: what it is told differs, so that Compose needs two of them; others find both by the same name. */
export const containerNameOf = (workload: string, profile: Profile) =>
  profile === "full" ? workload : `${workload}-${profile}`;

/** What all containers of the shop's own image have in common. */
const shopContainer = (container: Omit<Container, "image">): Container =>
  confined({ image: variable("SHOPMESH_IMAGE"), build: { context: "." }, ...container });

/** The secrets that a service says it needs, as they stand in `.env`. */
function secretsOf({ deployment, name }: MeshWorkload): Record<string, string> {
  const known: Readonly<Record<string, string>> = ADMINISTRATOR;
  return Object.fromEntries(
    Object.keys(deployment.secrets ?? {}).map((secret) => {
      const value = known[secret];
      if (value === undefined) throw new Error(`${name} needs ${secret}: add it in istio/emit/compose/variables.ts`);
      return [secret, value];
    }),
  );
}

function workloadContainer(mesh: Mesh, workload: MeshWorkload, profile: Profile): Container {
  const { name, port, deployment } = workload;
  const shop = ENGINES_OF[profile];
  const engines = enginesOf(deployment, shop);
  const callees = mesh.workloads.filter((it) => calleesOf(mesh, name).includes(it.name));
  const networks = Object.fromEntries(engines.map((it) => [it, {}]));
  return shopContainer({
    profiles: [profile],
    command: [`services/${name}/main.ts`],
    environment: {
      ...HOME,
      [variableOf(name, "PORT")]: `${port}`,
      ...Object.fromEntries(callees.map((it) => [variableOf(it.name, "URL"), `https://${it.name}:${it.port}`])),
      ...settingsIn(deployment, shop),
      ...Object.fromEntries(engines.map((it) => [ENGINES[it].variable, ADDRESSES[it]])),
      ...secretsOf(workload),
      ...TLS_FILES,
    },
    networks: { [MESH_NETWORK]: { aliases: [name] }, ...networks },
    volumes: [certificateOf(name)],
    healthcheck: healthcheck(["CMD", "node", "services/kit/healthcheck.ts", name, "/ready"], START_PERIOD),
    depends_on: { ...afterCertificates, ...Object.assign({}, ...engines.map(readyOf)) },
    mem_limit: `${deployment.size.memoryMaxMiB}m`,
    stop_grace_period: STOP_GRACE,
  });
}

/** Longer than it takes to say "not ready", wait until that is noticed, and answer what has begun. */
const STOP_GRACE = "30s";

/** Serves the web app's files to the edge. */
const webContainer = (): Container =>
  shopContainer({
    profiles: PROFILES,
    command: ["services/edge/web.ts"],
    environment: { ...HOME, [variableOf(WEB.name, "PORT")]: `${WEB.port}` },
    networks: { [MESH_NETWORK]: {} },
    healthcheck: healthcheck(["CMD", "node", "services/kit/healthcheck.ts", WEB.name]),
    mem_limit: `${WEB_SIZE.memoryMaxMiB}m`,
  });

/** Fills the shelves through the front door where the settings want that, and ends; finds nothing to do when they are full. */
const demoContainer = (): Container =>
  shopContainer({
    profiles: PROFILES,
    command: ["services/demo/main.ts"],
    environment: {
      SHOP_URL: `http://${EDGE}:${EDGE_PORT}`,
      ...PLACE,
      DEMO_CATALOGUE: variable("DEMO_CATALOGUE"),
      ...ADMINISTRATOR,
    },
    networks: { [MESH_NETWORK]: {} },
    depends_on: after("service_healthy", [EDGE]),
    healthcheck: { disable: true },
    mem_limit: "512m",
    restart: "no",
  });

/** Everything that runs from the shop's image, each in a container of its own. */
export function workloadContainers(mesh: Mesh): Record<string, Container> {
  const services = PROFILES.flatMap((profile) =>
    mesh.workloads.map((it) => [containerNameOf(it.name, profile), workloadContainer(mesh, it, profile)] as const),
  );
  return { ...Object.fromEntries(services), [WEB.name]: webContainer(), [DEMO]: demoContainer() };
}
