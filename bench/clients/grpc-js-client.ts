import type { Message } from "@bufbuild/protobuf";
import { type ChannelOptions, Client, credentials, Metadata } from "@grpc/grpc-js";
import { grpcDefinitionOf } from "../contract/grpc-js.ts";
import type { ClientSetup } from "../process/messages.ts";
import { CALL, type MakeCall } from "./child.ts";
import { TIMEOUT_MS } from "./timeout.ts";

/** grpc-js with a deadline for each call, to one address or to several. */
export function grpcJsClient(target: string, { headers }: ClientSetup, options: ChannelOptions = {}): MakeCall {
  const client = new Client(target, credentials.createInsecure(), options);
  const { path, requestSerialize, responseDeserialize } = grpcDefinitionOf(CALL.method);
  return () =>
    new Promise<Message>((resolve, reject) => {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const deadline = Date.now() + TIMEOUT_MS;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        CALL.request,
        metadata,
        { deadline },
        (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(error)),
      );
    });
}
