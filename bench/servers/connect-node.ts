// connect-node as its documentation sets it up: no interceptors, no validation, nothing of ours.
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { catalogue } from "../contract/catalogue.ts";
import { beChild } from "../process/child.ts";
import type { Ports } from "../process/messages.ts";

const handler = connectNodeAdapter({ routes: (router) => router.service(ProductService, catalogue) });

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

await beChild(async () => ({
  ready: {
    h1: await portOf(http.createServer(handler)),
    h2: await portOf(http2.createServer(handler)),
  } satisfies Ports,
}));
