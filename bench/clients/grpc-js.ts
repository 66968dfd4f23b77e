// grpc-js with one channel to one address.
import { beClient } from "./child.ts";
import { grpcJsClient } from "./grpc-js-client.ts";

await beClient((setup) => grpcJsClient(`127.0.0.1:${setup.ports[0]}`, setup));
