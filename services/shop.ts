// The whole shop in one process: `npm start`.

import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { createClients } from "#kit/clients.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "#kit/embedded-postgres/index.ts";
import { createShared, type Main, type Running, type Shared, startService } from "#kit/kit.ts";
import { createLogger } from "#kit/log.ts";
import { readSettings, type Settings, type Workload } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { main as api } from "./api/main.ts";
import { createMain as createAuthMain } from "./auth/main.ts";
import { main as cart } from "./cart/main.ts";
import { loadDemoCatalogue } from "./demo/load.ts";
import { main as edge } from "./edge/main.ts";
import { main as image } from "./image/main.ts";
import { main as order } from "./order/main.ts";
import { main as product } from "./product/main.ts";
import { type Administrator, createProgress, startScreen } from "./shop/screen.ts";
import { buildWebApp } from "./shop/web-build.ts";

const startMs = performance.now();
const progress = createProgress();

/** What has been started so far, to be stopped last first. */
const started: (() => Promise<void>)[] = [];
const running: Running[] = [];
const stopping = new AbortController();
let administrator: Administrator | undefined;

/** Stops what was started. What cannot be stopped in order must not keep the rest, the database least of all, running. */
async function stop(settings: Settings | undefined): Promise<void> {
  for (const service of running) service.drain();
  const delayMs = settings?.shutdownDelayMs ?? 0;
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  for (const close of started.toReversed()) await close().catch((error: unknown) => console.error(error));
}

/** Stops everything when a signal comes; in the middle of the start, as soon as the step under way is over. */
function stopOnSignal(settings: Settings, start: () => Promise<void>): void {
  const onSignal = () => {
    if (stopping.signal.aborted) process.exit(1); // a second Ctrl-C means now
    stopping.abort();
    progress.done();
    process.stdout.write("\n  Stopping …\n");
    start()
      .catch(() => {}) // whatever the start stumbled over, it is wanted no more
      .then(() => stop(settings))
      .then(() => process.exit(0));
  };
  // SIGHUP: the terminal was closed. There is nobody to tell, and everything to stop all the same.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

async function openPostgres(settings: Settings): Promise<string> {
  if (settings.postgresUrl !== undefined) return settings.postgresUrl;
  const onExit = (reason: string) => {
    if (stopping.signal.aborted) return;
    console.error(`\n  The database ended by itself: ${reason}`);
    process.exit(1);
  };
  const postgres: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir: settings.dataDir,
    onExit,
    log: (it) => progress.show(it),
  });
  started.push(() => postgres.stop());
  return postgres.url;
}

async function start(shared: Shared, workload: Workload, main: Main): Promise<void> {
  stopping.signal.throwIfAborted();
  const service = await startService(shared, workload, main);
  running.push(service);
  started.push(() => service.close());
}

async function loadCatalogue(shared: Shared, token: string): Promise<void> {
  const clients = createClients({
    workload: "edge",
    identity: shared.identity,
    addressOf: (it) => shared.addresses.get(it) ?? "",
  });
  try {
    const { signal } = stopping;
    const onProgress = (done: number, total: number) => progress.show(`Filling the shelves: ${done} of ${total}`);
    await loadDemoCatalogue({
      clients: { products: clients.client(ProductService), images: clients.client(ImageService) },
      token,
      log: shared.log,
      signal,
      onProgress,
    });
  } finally {
    progress.done();
    clients.close();
  }
}

/** Starts everything and says where it is; answers what loads the demo catalogue. */
async function startShop(settings: Settings): Promise<() => Promise<void>> {
  const log = createLogger({ level: settings.logLevel, environment: settings.environment });
  progress.show("Starting the database and building the web app …");
  const [postgresUrl] = await inFull([openPostgres(settings), buildWebApp()]);
  const shared = await createShared({ settings, log, postgresUrl });

  let issueToken: (() => Promise<string>) | undefined;
  const auth = createAuthMain({
    onAdministratorCreated: (account) => (administrator = account),
    onReady: (it) => (issueToken = it.issueAdministratorToken),
  });
  progress.show("Starting the services …");
  const services: readonly [Workload, Main][] = [
    ["auth", auth],
    ["product", product],
    ["image", image],
    ["cart", cart],
    ["order", order],
    ["api", api],
    ["edge", edge],
  ];
  for (const [workload, main] of services) await start(shared, workload, main);
  stopping.signal.throwIfAborted();
  progress.done();
  running.sort((a, b) => a.port - b.port);
  process.stdout.write(
    startScreen({ running, host: settings.host, seconds: (performance.now() - startMs) / 1000, administrator }),
  );
  return async () => {
    if (!settings.demoCatalogue || issueToken === undefined) return;
    await loadCatalogue(shared, await issueToken()).catch((error: unknown) => {
      if (!stopping.signal.aborted)
        log.error({ err: error }, "the demo catalogue could not be loaded; the next start tries again");
    });
  };
}

/** Both results, or the first fault, but not before both are over: a start that fails must leave nothing half done. */
async function inFull<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

async function run(): Promise<void> {
  const settings = readSettings(process.env);
  const starting = startShop(settings);
  stopOnSignal(settings, async () => void (await starting));
  const loadDemo = await starting;
  await loadDemo();
}

/** A sentence for what a person can mend; the whole error for what they cannot. */
function explain(error: unknown): string {
  if (error instanceof StartError) return error.message;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOSPC" || code === "53100")
    return "The disk is full; make room, or set DATA_DIR to a folder on another disk.";
  if (code === "EACCES" || code === "EROFS")
    return `${(error as Error).message}; set DATA_DIR to a folder this user may write to.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

run().catch(async (error: unknown) => {
  if (stopping.signal.aborted) return; // the signal's handler stops what there is
  progress.done();
  console.error(`\n  ${explain(error)}\n`);
  // It is stored already and will not be shown again.
  if (administrator?.madeUp)
    console.error(`  The administrator is ${administrator.email}, password ${administrator.password}\n`);
  await stop(undefined).catch(() => {});
  process.exit(1);
});
