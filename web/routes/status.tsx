import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { useEffect, useState } from "react";
import { MeshService, type MeshStatus, type WorkloadStatus } from "#gen/shop/api/v1/mesh_service_pb.js";
import { LiveMark } from "../components/live-mark.tsx";
import { MeshMap } from "../components/mesh-map.tsx";
import { Skeleton } from "../components/skeleton.tsx";
import { Failure } from "../components/states.tsx";
import { formatClock, formatDuration } from "../lib/dates.ts";
import { browserWakeups, follow, type LiveState } from "../lib/live.ts";
import { LOCALE } from "../lib/money.ts";
import { useTitle } from "../lib/title.ts";
import "./status.css";

const rate = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 2 });

/** How the services behind the shop are doing, as it changes. */
export function View() {
  useTitle("Services");
  const { status, live, error, restart } = useMeshStatus();
  return (
    <div className="page status-page">
      <header className="page-head">
        <h1>
          {status ? (status.healthy ? "Everything is running" : "Something is not well") : "How the services are doing"}
        </h1>
        <p className="status-marks">
          <LiveMark state={live} />
          {status && <span className="soft small tabular">{formatClock(status.observeTime)}</span>}
        </p>
      </header>
      {status ? (
        <>
          <section className="panel" aria-labelledby="mesh">
            <h2 id="mesh">Who calls whom</h2>
            <MeshMap status={status} />
          </section>
          <section className="panel" aria-labelledby="services">
            <h2 id="services">Services</h2>
            <Workloads workloads={status.workloads} />
          </section>
        </>
      ) : live === "failed" ? (
        <Failure error={error} onRetry={restart} />
      ) : (
        <Skeleton height="36rem" />
      )}
    </div>
  );
}

function useMeshStatus() {
  const transport = useTransport();
  const [round, setRound] = useState(0);
  const [status, setStatus] = useState<MeshStatus>();
  const [{ live, error }, setState] = useState<{ live: LiveState; error?: unknown }>({ live: "connecting" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round starts it anew
  useEffect(() => {
    const client = createClient(MeshService, transport);
    return follow({
      open: (signal) => client.watchStatus({}, { signal }),
      onMessage: (message) => setStatus(message.status),
      onState: (state, failure) => setState({ live: state, error: failure }),
      isOver: () => false,
      wakeups: browserWakeups(),
    });
  }, [transport, round]);
  return { status, live, error, restart: () => setRound(round + 1) };
}

function Workloads({ workloads }: { readonly workloads: readonly WorkloadStatus[] }) {
  return (
    <div className="status-scroll">
      <table className="status-table tabular">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Health</th>
            <th scope="col">Calls/s</th>
            <th scope="col">p50</th>
            <th scope="col">p99</th>
            <th scope="col">Errors</th>
            <th scope="col">Up for</th>
          </tr>
        </thead>
        <tbody>
          {workloads.map((workload) => (
            <WorkloadRow key={workload.workload} workload={workload} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function WorkloadRow({ workload }: { readonly workload: WorkloadStatus }) {
  const { workload: name, ready, notReadyReason, callsPerSecond, p50Ms, p99Ms, errorRatio, uptimeSeconds } = workload;
  return (
    <tr data-ready={ready}>
      <th scope="row">{name}</th>
      <td>
        <span className="status-health">{ready ? "Ready" : notReadyReason || "Away"}</span>
      </td>
      <td>{rate.format(callsPerSecond)}</td>
      <td>{rate.format(p50Ms)} ms</td>
      <td>{rate.format(p99Ms)} ms</td>
      <td>{share.format(errorRatio)}</td>
      <td>{formatDuration(uptimeSeconds)}</td>
    </tr>
  );
}
