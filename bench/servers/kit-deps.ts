import type { ServiceImpl } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { createTokenVerifier } from "#kit/identity/access-token.ts";
import { createProofs, proofIdentity } from "#kit/identity/proof.ts";
import { type Implementation, implement } from "#kit/implementation.ts";
import { createLogger } from "#kit/log.ts";
import { createMetrics } from "#kit/metrics.ts";
import type { ServeDeps } from "#kit/serve.ts";
import type { Trust } from "../contract/caller.ts";
import { catalogue } from "../contract/catalogue.ts";

/** The catalogue as an implementation of the whole contract; calls that are not measured are UNIMPLEMENTED. */
export function implementationOf(methods: Partial<ServiceImpl<typeof ProductService>> = catalogue): Implementation {
  const none = () => {
    throw new ConnectError("This call is not measured", Code.Unimplemented);
  };
  const others = Object.fromEntries(ProductService.methods.map((it) => [it.localName, none]));
  return implement(ProductService, { ...others, ...methods } as ServiceImpl<typeof ProductService>);
}

/** What a process of the shop gives to `serve()`, with the settings of production. */
export function serveDepsOf(trust: Trust): ServeDeps {
  return {
    workload: "product",
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ level: "info", environment: "prod" }),
    metrics: createMetrics("product"),
    enableMetrics: true,
    enableReflection: true,
    identity: proofIdentity(createProofs(Buffer.from(trust.workloadSecretHex, "hex")), "product"),
    tokens: createTokenVerifier(async () => trust.keys),
  };
}
