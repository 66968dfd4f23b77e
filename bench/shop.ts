// What the shop's own calls cost: starts the whole shop, calls it, and prints a table. See bench/shop/README.md.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type MeasuredCall, measuredCalls } from "./shop/calls.ts";
import { checkNothingFailed } from "./shop/failures.ts";
import { type Measurement, measure } from "./shop/measure.ts";
import { catalogueLoaded, invitePeople, type People } from "./shop/people.ts";
import { writeProfiles } from "./shop/profile.ts";
import { reportOf } from "./shop/report.ts";
import { type RunningShop, startShop } from "./shop/running-shop.ts";
import { collectStatements } from "./shop/statements.ts";

const WARM_UP_SECONDS = 2;
const PROFILES = resolve(".data/bench-shop");

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    calls: { type: "string", default: "" },
    "data-dir": { type: "string" },
    profile: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const say = (text: string) => process.stderr.write(`${text}\n`);

/** The calls asked for: those whose names begin like one of the given; all when none is. */
function chosen(all: readonly MeasuredCall[]): MeasuredCall[] {
  const names = values.calls.toLowerCase().split(",");
  return all.filter((call) => names.some((it) => call.name.toLowerCase().startsWith(it)));
}

async function table(shop: RunningShop, people: People): Promise<string> {
  const found = chosen(measuredCalls(shop, people)).map((call) => ({
    call,
    name: call.name,
    concurrency: call.concurrency,
    peak: [] as Measurement[],
    half: [] as Measurement[],
  }));
  for (const { call } of found) await measure(shop, call, { seconds: WARM_UP_SECONDS });
  for (let round = 1; round <= rounds; round++) {
    for (const { call, peak, half } of found) {
      say(`round ${round} of ${rounds}: ${call.name}`);
      const measured = await measure(shop, call, { seconds });
      peak.push(measured);
      half.push(await measure(shop, call, { seconds, rate: measured.callsPerSecond / 2 }));
    }
  }
  await checkNothingFailed(shop);
  return reportOf(found);
}

/** Lets `work` use a shop that runs on a data directory, and stops it. */
async function withShop<T>(
  options: { dataDir: string; inspect: boolean },
  work: (shop: RunningShop) => Promise<T>,
): Promise<T> {
  const shop = await startShop(options);
  try {
    return await work(shop);
  } finally {
    await shop.stop();
  }
}

async function run(dataDir: string): Promise<void> {
  say("starting the shop and loading its demo catalogue");
  const people = await withShop({ dataDir, inspect: false }, async (shop) => {
    await catalogueLoaded(shop);
    const invited = await invitePeople(shop);
    if (rounds > 0) process.stdout.write(`${await table(shop, invited)}\n`);
    if (values.profile) await collectStatements(shop.postgresUrl);
    return invited;
  });
  if (!values.profile) return;
  say(`profiling into ${PROFILES}`);
  await mkdir(PROFILES, { recursive: true });
  await withShop({ dataDir, inspect: true }, (shop) =>
    writeProfiles({ shop, calls: chosen(measuredCalls(shop, people)), directory: PROFILES, seconds, say }),
  );
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const kept = values["data-dir"];
const dataDir = resolve(kept ?? (await mkdtemp(join(tmpdir(), "shopmesh-bench-"))));
try {
  await run(dataDir);
} finally {
  if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
}
