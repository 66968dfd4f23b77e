import type { Workload } from "#kit/settings.ts";
import type { RunningShop } from "./running-shop.ts";

const WITH_DATABASE: readonly Workload[] = ["auth", "product", "cart", "order", "image"];
const SERIES = /^postgres_pool_wait_seconds_total(?:\{.*\})? ([\d.e+-]+)$/m;
const MS_PER_SECOND = 1_000;

/** Milliseconds that all services together have waited for a connection to PostgreSQL since they began. */
export async function poolWaitMs(shop: RunningShop): Promise<number> {
  let seconds = 0;
  for (const workload of WITH_DATABASE) {
    const text = await (await fetch(`${shop.url(workload)}/metrics`)).text();
    seconds += Number(SERIES.exec(text)?.[1] ?? 0);
  }
  return seconds * MS_PER_SECOND;
}
