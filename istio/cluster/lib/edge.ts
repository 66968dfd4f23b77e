import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import { EDGE_CERTIFICATE, EDGE_GATEWAY, NAMESPACE } from "../../names.ts";
import { kubectl, until } from "./kubectl.ts";
import { SETTINGS } from "./settings.ts";

/** Where the ingress is reached from here. */
export interface Edge {
  /** The name that its certificate is for, and that browsers ask for. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** Its certificate and whose it is from, PEM: whom a client here trusts. */
  readonly certificate: string;
  /** Plain HTTP, which only says where to go instead; undefined where it cannot be reached from here. */
  readonly httpPort: number | undefined;
  /** Whether kubectl forwards a port, to one of its pods. */
  readonly forwarded: boolean;
  close(): void;
}

const TRY_MS = 1_500;

function reachable(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, timeout: TRY_MS });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

type Reached = Omit<Edge, "host" | "certificate">;

/** A port of this machine that kubectl forwards to the ingress: works with every cluster, but does not outlive the pod behind it. */
async function forwarded(): Promise<Reached> {
  const { workload, httpsPort, httpPort } = EDGE_GATEWAY;
  const args = ["-n", NAMESPACE, "port-forward", `service/${workload}`, `:${httpsPort}`, `:${httpPort}`];
  const child = spawn("kubectl", args, { stdio: ["ignore", "pipe", "inherit"] });
  const ports: number[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const port = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) ports.push(Number(port));
  });
  while (ports.length < 2) await Promise.race([once(lines, "line"), once(child, "exit").then(() => Promise.reject())]);
  const [port = 0, plain] = ports;
  return { address: "127.0.0.1", port, httpPort: plain, forwarded: true, close: () => child.kill() };
}

async function addresses(): Promise<string[]> {
  const { workload, gateway } = EDGE_GATEWAY;
  const [given, inside] = await Promise.all([
    kubectl(["get", `gateway.gateway.networking.k8s.io/${gateway}`, "-o", "jsonpath={.status.addresses[*].value}"]),
    kubectl(["get", `service/${workload}`, "-o", "jsonpath={.spec.clusterIP}"]),
  ]);
  return [...new Set([...given.split(" "), inside])].filter((it) => it !== "");
}

async function reach(): Promise<Reached> {
  const close = () => {};
  if (SETTINGS.edge !== undefined) {
    const [address = "", port = "443"] = SETTINGS.edge.split(":");
    return { address, port: Number(port), httpPort: undefined, forwarded: false, close };
  }
  const { httpsPort: port, httpPort } = EDGE_GATEWAY;
  for (const address of await addresses())
    if (await reachable(address, port)) return { address, port, httpPort, forwarded: false, close };
  return forwarded();
}

/** Finds the ingress: its own address, that of its Service where this machine can reach it, or a port forwarded. */
export async function findEdge(host: string): Promise<Edge> {
  const secret = ["get", "secret", EDGE_CERTIFICATE, "-o", "jsonpath={.data.tls\\.crt}"];
  const encoded = await until("the ingress' certificate is there", async () => (await kubectl(secret)) || undefined);
  return { host, certificate: Buffer.from(encoded, "base64").toString(), ...(await reach()) };
}
