import type { ServerResponse } from "node:http";
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { implement } from "../implementation.ts";
import type { Main } from "../kit.ts";
import type { HttpRoutes } from "../serve.ts";

/**
 * Stands in for another service in a test: answers the calls that the test is about, over real sockets and with the
 * contract's policies; every other call is UNIMPLEMENTED.
 */
export function fakeMain<T extends DescService>(
  service: T,
  methods: Partial<ServiceImpl<T>>,
  http: HttpRoutes = {},
): Main {
  const others = service.methods.map(({ localName }) => [
    localName,
    () => {
      throw new ConnectError(`The fake does not answer ${localName}`, Code.Unimplemented);
    },
  ]);
  const all = { ...Object.fromEntries(others), ...methods } as ServiceImpl<T>;
  return (kit) => kit.serve({ services: [implement(service, all)], ready: async () => {}, http });
}

/** The route of a token issuer that adds no keys to those of the test itself; for a fake of auth. */
export const NO_KEYS: HttpRoutes = {
  "/.well-known/jwks.json": (_, response) => {
    (response as ServerResponse).writeHead(200, { "content-type": "application/json" }).end('{"keys":[]}');
  },
};
