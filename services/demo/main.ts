// Fills a shop that runs somewhere with the demo catalogue, through its front door: `node services/demo/main.ts`.

import { lookup } from "node:dns";
import http from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { runTask } from "#kit/process.ts";
import { StartError } from "#kit/start-error.ts";
import { fillShop } from "./fill.ts";

const CALL_TIMEOUT_MS = 30_000;
/** So often it says how far it is. */
const SAY_EVERY = 10;

/** Looks for another name than the one that is called, where DNS does not know that one. */
function lookupInstead(address: string): LookupFunction {
  return (_, options, callback) => lookup(address, options, callback);
}

/** Clients of a shop at its public address. */
function createShopClients(shopUrl: string, shopAddress: string | undefined) {
  const agentOptions = { keepAlive: true, ...(shopAddress !== undefined && { lookup: lookupInstead(shopAddress) }) };
  const agent = shopUrl.startsWith("https:") ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
  const transport = createConnectTransport({
    baseUrl: shopUrl,
    httpVersion: "1.1",
    defaultTimeoutMs: CALL_TIMEOUT_MS,
    nodeOptions: { agent },
  });
  return {
    auth: createClient(AuthService, transport),
    products: createClient(ProductService, transport),
    images: createClient(ImageService, transport),
  };
}

await runTask(async ({ settings, log }) => {
  const { demoCatalogue, shopUrl, shopAddress, adminEmail: email, adminPassword: password } = settings;
  if (!demoCatalogue) {
    process.stdout.write(
      "The shelves stay as they are: DEMO_CATALOGUE is false, as it is outside dev unless it is set.\n",
    );
    return;
  }
  if (shopUrl === undefined) throw new StartError("SHOP_URL is not set: say where the shop is, as browsers would.");
  if (password === undefined) throw new StartError("ADMIN_PASSWORD is not set: only an administrator fills shelves.");
  const added = await fillShop({
    clients: createShopClients(shopUrl, shopAddress),
    administrator: { email, password },
    log,
    signal: new AbortController().signal,
    onProgress(done, total) {
      if (done % SAY_EVERY === 0 || done === total) process.stdout.write(`Filling the shelves: ${done} of ${total}\n`);
    },
  });
  process.stdout.write(added === 0 ? "The shelves were full already.\n" : `${added} products are on the shelves.\n`);
});
