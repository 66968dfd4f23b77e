// Our clients as a service has them: with the caller's proof, the contract's deadline, and whatever else they always do.
import { randomBytes } from "node:crypto";
import { type GetProductRequest, ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { createClients } from "#kit/clients.ts";
import { createWorkloadIdentity } from "#kit/identity/workload.ts";
import { beClient, CALL } from "./child.ts";

const SECRET_BYTES = 32;

await beClient(({ ports, headers: { authorization = "" } }) => {
  const clients = createClients({
    workload: "api",
    identity: createWorkloadIdentity(randomBytes(SECRET_BYTES)),
    addressOf: () => `http://127.0.0.1:${ports[0]}`,
  });
  const client = clients.client(ProductService);
  return () => client.getProduct(CALL.request as GetProductRequest, { headers: { authorization } });
});
