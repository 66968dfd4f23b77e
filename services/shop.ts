// The whole shop in one process: `npm start`.

import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { createClients } from "#kit/clients.ts";
import { createShared, type Main, type Running, type Shared, startService } from "#kit/kit.ts";
import { runProcess, type ShopProcess } from "#kit/process.ts";
import type { Workload } from "#kit/settings.ts";
import { main as api } from "./api/main.ts";
import { createMain as createAuthMain } from "./auth/main.ts";
import { main as cart } from "./cart/main.ts";
import { loadDemoCatalogue } from "./demo/load.ts";
import { main as edge } from "./edge/main.ts";
import { main as image } from "./image/main.ts";
import { main as order } from "./order/main.ts";
import { main as product } from "./product/main.ts";
import { awaitOutsideEngines, type OutsideEngine, outsideEngines } from "./shop/engines.ts";
import { keepPostgres } from "./shop/keep-postgres.ts";
import { type Administrator, createProgress, startScreen } from "./shop/screen.ts";
import { buildWebApp } from "./shop/web-build.ts";

const startMs = performance.now();
const progress = createProgress();
let administrator: Administrator | undefined;

/** Everything outside the process is there: the engines that the settings name, and the PostgreSQL that npm brings without one. */
async function openEngines(shop: ShopProcess, engines: readonly OutsideEngine[]): Promise<string> {
  const { settings, log, stopping, started } = shop;
  await awaitOutsideEngines(engines, log, stopping);
  if (settings.postgresUrl !== undefined) return settings.postgresUrl;
  const onProgress = (text: string) => progress.show(text);
  const postgres = await keepPostgres({ dataDir: settings.dataDir, log, stopping, onProgress });
  started({ close: () => postgres.stop() });
  return postgres.url;
}

async function loadCatalogue(shared: Shared, token: string, signal: AbortSignal): Promise<void> {
  const clients = createClients({
    identity: await shared.identities.of("edge"),
    addressOf: (it) => shared.addresses.get(it) ?? "",
  });
  try {
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

/** Starts everything, says where it is, and fills the shelves. */
async function startShop(shop: ShopProcess): Promise<void> {
  const { settings, log, stopping } = shop;
  progress.show("Starting the database and building the web app …");
  const engines = outsideEngines(settings);
  const [postgresUrl] = await inFull([openEngines(shop, engines), buildWebApp()]);
  const shared = await createShared({ settings, log, postgresUrl, stopping });
  shop.started(shared);

  let issueToken: (() => Promise<string>) | undefined;
  const auth = createAuthMain({
    onAdministratorCreated: (account) => (administrator = account),
    onReady: (it) => (issueToken = it.issueAdministratorToken),
  });
  progress.show("Starting the services …");
  // In the order in which they start: whoever is called before those who call.
  const services: Readonly<Record<Workload, Main>> = { auth, product, image, cart, order, api, edge };
  const running: Running[] = [];
  for (const [workload, main] of Object.entries(services) as [Workload, Main][]) {
    stopping.throwIfAborted();
    const service = await startService(shared, workload, main);
    shop.started(service);
    running.push(service);
  }
  stopping.throwIfAborted();
  progress.done();
  running.sort((a, b) => a.port - b.port);
  process.stdout.write(
    startScreen({
      running,
      engines,
      host: settings.host,
      seconds: (performance.now() - startMs) / 1000,
      administrator,
    }),
  );
  if (!settings.demoCatalogue || issueToken === undefined) return;
  await loadCatalogue(shared, await issueToken(), stopping).catch((error: unknown) => {
    if (!stopping.aborted)
      log.error({ err: error }, "the demo catalogue could not be loaded; the next start tries again");
  });
}

/** Both results, or the first fault, but not before both are over: a start that fails must leave nothing half done. */
async function inFull<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

runProcess(startShop, {
  onStopping() {
    progress.done();
    process.stdout.write("\n  Stopping …\n");
  },
  onFailing: () => progress.done(),
  onFailed() {
    // It is stored already and will not be shown again.
    if (administrator?.madeUp)
      console.error(`  The administrator is ${administrator.email}, password ${administrator.password}\n`);
  },
});
