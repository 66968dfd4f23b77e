import { equals } from "@bufbuild/protobuf";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { answerTo, CALLS } from "./contract/catalogue.ts";
import { isHttp1 } from "./contract/exchange.ts";
import type { Target } from "./load/h2load.ts";

function transportTo({ protocol, port, headers }: Target): { transport: Transport; close: () => void } {
  const baseUrl = `http://127.0.0.1:${port}`;
  const addHeaders: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
    return next(request);
  };
  const sessionManager = new Http2SessionManager(baseUrl);
  const close = () => sessionManager.abort();
  const interceptors = [addHeaders];
  if (protocol === "grpc-h2")
    return { transport: createGrpcTransport({ baseUrl, interceptors, sessionManager }), close };
  const useBinaryFormat = protocol.startsWith("connect-proto");
  const transport = isHttp1(protocol)
    ? createConnectTransport({ baseUrl, interceptors, useBinaryFormat, httpVersion: "1.1" })
    : createConnectTransport({ baseUrl, interceptors, useBinaryFormat, httpVersion: "2", sessionManager });
  return { transport, close };
}

/**
 * Makes a call with Connect's own client, which looks at everything that a load generator does not: trailers, headers,
 * and the message itself.
 * @throws Error when the server does not answer what every server has to.
 */
export async function preflight(name: string, target: Target): Promise<void> {
  const call = CALLS[target.size];
  const { transport, close } = transportTo(target);
  try {
    const { message } = await transport.unary(call.method, undefined, undefined, undefined, call.request);
    if (!equals(call.method.output, message, answerTo(call)))
      throw new Error(`${name} answered something else to ${call.method.name} over ${target.protocol}`);
  } finally {
    close();
  }
}
