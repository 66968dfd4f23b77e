// grpc-js with the same messages and the same protobuf library as everybody else.
import { create, type Message } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { CALLS, handlerOf } from "../contract/catalogue.ts";
import { grpcDefinitionOf } from "../contract/grpc-js.ts";
import { beChild } from "../process/child.ts";
import type { Ports } from "../process/messages.ts";

await beChild(async () => {
  const methods = Object.values(CALLS).map((it) => it.method);
  const server = new Server();
  const definition = Object.fromEntries(methods.map((it) => [it.localName, grpcDefinitionOf(it)]));
  const handlers = methods.map((it) => {
    const answer = handlerOf(it);
    return [
      it.localName,
      ({ request }: { request: Message }, done: (error: null, answer: Message) => void) =>
        done(null, create(it.output, answer(request))),
    ];
  });
  server.addService(definition as ServiceDefinition, Object.fromEntries(handlers) as UntypedServiceImplementation);
  const h2 = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
  return { ready: { h2 } satisfies Ports };
});
