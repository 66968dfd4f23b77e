import { answer, input } from "./input.ts";

/** Asks a service, from its own container, how many calls of its own contract it has answered, and for whom. */
export interface ServedInput {
  readonly port: number;
  /** "shop.product." */
  readonly contract: string;
}

/** For each caller, how many. */
export type Served = Record<string, number>;

const LINE = /^rpc_server_duration_seconds_count\{service="([^"]*)".*caller="([^"]*)".*\} (\d+)$/;

const { port, contract } = input<ServedInput>();
const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
const served: Served = {};
for (const line of metrics.split("\n")) {
  const [, service = "", caller = "", count] = LINE.exec(line) ?? [];
  if (service.startsWith(contract)) served[caller] = (served[caller] ?? 0) + Number(count);
}
answer(served);
