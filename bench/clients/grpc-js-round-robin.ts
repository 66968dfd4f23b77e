// grpc-js with one channel that balances over several addresses.
import { beClient } from "./child.ts";
import { grpcJsClient } from "./grpc-js-client.ts";

const ROUND_ROBIN = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

await beClient((setup) =>
  grpcJsClient(`ipv4:${setup.ports.map((it) => `127.0.0.1:${it}`).join(",")}`, setup, {
    "grpc.service_config": ROUND_ROBIN,
  }),
);
