import { EDGE, type Mesh } from "../../model.ts";
import { CERTIFICATES, MONITORS } from "../../names.ts";
import { type Container, confined, PROFILES } from "./container.ts";
import { variable } from "./variables.ts";

const FOLDER = "/certificates";
/** The files of one workload, below a folder. */
const filesIn = (folder: string) => ({
  TLS_CERT: `${folder}/tls.crt`,
  TLS_KEY: `${folder}/tls.key`,
  TLS_CA: `${folder}/ca.crt`,
});

/** Where a workload finds its certificate. */
export const TLS_FILES = filesIn(FOLDER);

/** A workload's own certificate and no other's. */
export const certificateOf = (workload: string) => ({
  type: "volume" as const,
  source: CERTIFICATES,
  target: FOLDER,
  read_only: true,
  volume: { subpath: workload },
});

/** Whoever needs one waits until there are some. */
export const afterCertificates = { [CERTIFICATES]: { condition: "service_completed_successfully" as const } };

/** Makes everybody's certificate before anybody starts, and anew when they come to their end. */
export function certificatesContainer(mesh: Mesh): Container {
  const workloads = [...mesh.workloads.map((it) => it.name), EDGE, MONITORS.prometheus];
  return confined({
    profiles: PROFILES,
    image: variable("SHOPMESH_IMAGE"),
    build: { context: "." },
    command: ["services/kit/tls/issue.ts", ...workloads],
    environment: { ...filesIn(`${FOLDER}/{workload}`), LOG_LEVEL: variable("LOG_LEVEL") },
    network_mode: "none",
    volumes: [{ type: "volume", source: CERTIFICATES, target: FOLDER }],
    healthcheck: { disable: true },
    mem_limit: "256m",
    restart: "no",
  });
}
