import type { Workload } from "#kit/settings.ts";
import type { RunningShop } from "./running-shop.ts";

const SERIES = /^rpc_server_duration_seconds_count\{(.*)\} (\d+)/;
/** Calls that the end of a measurement cut off are nobody's fault. */
const EXPECTED = new Set(["OK", "Canceled"]);
const CALLED: readonly Workload[] = ["product", "api", "cart", "order", "auth"];

/**
 * Fails when a service refused a call or could not answer it: refusals are cheap, and with some of them the figures would
 * be too good. Asked of the services' own metrics, since h2load does not look at a gRPC status.
 */
export async function checkNothingFailed(shop: RunningShop): Promise<void> {
  for (const workload of CALLED) {
    const text = await (await fetch(`${shop.url(workload)}/metrics`)).text();
    for (const line of text.split("\n")) {
      const labels = SERIES.exec(line)?.[1];
      const code = /code="(\w+)"/.exec(labels ?? "")?.[1];
      if (code !== undefined && !EXPECTED.has(code)) throw new Error(`Some calls failed: ${line}`);
    }
  }
}
