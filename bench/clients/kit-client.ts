import { randomBytes } from "node:crypto";
import { type GetProductRequest, ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { createClients } from "#kit/clients.ts";
import { createProofs, proofIdentity } from "#kit/identity/proof.ts";
import { CALL, type MakeCall } from "./child.ts";

const SECRET_BYTES = 32;

/** Our client as a service has it: with the caller's proof, the contract's deadline, and whatever else it always does. */
export function kitClient(ports: readonly number[], headers: Readonly<Record<string, string>>): MakeCall {
  const clients = createClients({
    identity: proofIdentity(createProofs(randomBytes(SECRET_BYTES)), "api"),
    addressOf: () => ports.map((it) => `http://127.0.0.1:${it}`).join(","),
  });
  const client = clients.client(ProductService);
  const { authorization = "" } = headers;
  return () => client.getProduct(CALL.request as GetProductRequest, { headers: { authorization } });
}
