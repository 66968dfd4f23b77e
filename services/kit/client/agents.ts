import http from "node:http";
import https from "node:https";
import { connect } from "node:tls";
import type { WorkloadTls } from "../tls/workload-tls.ts";

/** Connections for plain HTTP to workloads. */
export interface Agents {
  /** What a request to a base URL of a workload is made with: options of node's http.request. */
  optionsTo(workload: string, baseUrl: URL): http.RequestOptions;
  close(): void;
}

/** Connections with a workload's own TLS, where it has one: they show who it is and reach nobody but whom they are meant for. */
export function createAgents(tls: WorkloadTls | undefined, options: http.AgentOptions = { keepAlive: true }): Agents {
  const plain = new http.Agent(options);
  // Without resumed sessions, in which nobody would be asked for its certificate.
  const secure = new Map<string, https.Agent>();
  const agentTo = (workload: string): https.Agent => {
    const key = tls === undefined ? "" : workload;
    let agent = secure.get(key);
    if (agent === undefined) {
      agent = new https.Agent({ ...options, maxCachedSessions: 0 });
      if (tls !== undefined)
        agent.createConnection = (to) => connect({ ...(to as object), ...tls.optionsTo(workload) });
      secure.set(key, agent);
    }
    return agent;
  };
  return {
    optionsTo(workload, { protocol, hostname, port }) {
      const agent = protocol === "https:" ? agentTo(workload) : plain;
      return { agent, protocol, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port };
    },
    close() {
      plain.destroy();
      for (const it of secure.values()) it.destroy();
    },
  };
}
