// connect-node's gRPC transport with one session.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type GetProductRequest, ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { beClient, CALL } from "./child.ts";
import { TIMEOUT_MS } from "./timeout.ts";

await beClient(({ ports, headers }) => {
  const client = createClient(ProductService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${ports[0]}` }));
  return () => client.getProduct(CALL.request as GetProductRequest, { headers, timeoutMs: TIMEOUT_MS });
});
