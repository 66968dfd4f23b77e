// The same load on a shop with nothing but PostgreSQL and on one with all engines, side by side. See bench/shop/README.md.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEngines } from "./shop/engines.ts";
import { checkNothingFailed } from "./shop/failures.ts";
import { catalogueLoaded, invitePeople } from "./shop/people.ts";
import { startShop } from "./shop/running-shop.ts";
import { compare, type Side } from "./shop/side-by-side.ts";

const CALLS = ["ListProducts", "GetProductPage", "AddItem", "PlaceOrder"];
const WARM_UP_SECONDS = 2;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    calls: { type: "string", default: CALLS.join(",") },
  },
});
const say = (text: string) => process.stderr.write(`${text}\n`);

const closers: (() => Promise<void>)[] = [];

/** Starts a shop, and lets it fill its shelves and people come in. */
async function open(name: string, engines?: Awaited<ReturnType<typeof startEngines>>): Promise<Side> {
  say(`starting a shop on ${name} and loading its demo catalogue`);
  const dataDir = await mkdtemp(join(tmpdir(), "shopmesh-bench-"));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const shop = await startShop({ dataDir, inspect: false, ...(engines && { engines }) });
  closers.push(() => shop.stop());
  await catalogueLoaded(shop);
  return { name, shop, people: await invitePeople(shop) };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
try {
  const engines = await startEngines();
  closers.push(() => engines.stop());
  const sides = [await open("PostgreSQL"), await open("all engines", engines)];
  const { rounds, seconds, calls } = values;
  const options = { rounds: Number(rounds), seconds: Number(seconds), warmUpSeconds: WARM_UP_SECONDS, say };
  const tables = await compare(sides, calls.split(","), options);
  for (const { shop } of sides) await checkNothingFailed(shop);
  process.stdout.write(`${tables}\n`);
} finally {
  for (const close of closers.toReversed()) await close();
}
