import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { DescMessage } from "@bufbuild/protobuf";
import type { ConnectError, StreamResponse, Transport } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip, createGrpcTransport } from "@connectrpc/connect-node";
import type { Encoding } from "../wire/compression.ts";
import type { Balancer } from "./balancer.ts";
import { atDeadline } from "./deadline.ts";
import type { Session } from "./session.ts";

type SessionManager = NonNullable<Parameters<typeof createGrpcTransport>[0]["sessionManager"]>;

const COMPRESSIONS = { gzip: compressionGzip, br: compressionBrotli };

/** Gives Connect's own transport the connections of a balancer. */
function sessionManager(balancer: Balancer, authority: string): SessionManager {
  const sessions = new WeakMap<ClientHttp2Stream, Session>();
  const request = (session: Session, header: OutgoingHttpHeaders) => {
    const { scheme, authority: host } = session.address.target;
    const stream = session.request({ ...header, ":scheme": scheme, ":authority": host });
    sessions.set(stream, session);
    return stream;
  };
  return {
    authority,
    request(method, path, headers) {
      const header = { ...headers, ":method": method, ":path": path };
      const session = balancer.pick();
      if (session !== undefined) return Promise.resolve(request(session, header));
      return new Promise((resolve, reject) => {
        // What node:http2 has against the header must fail this call and not who brings the connection.
        const connected = (it: Session) => resolve(Promise.resolve(it).then((session) => request(session, header)));
        balancer.wait({ connected, unconnected: reject });
      });
    },
    notifyResponseByteRead: (stream) => sessions.get(stream)?.heard(),
  };
}

async function* telling<T>(messages: AsyncIterable<T>, tell: (error: unknown) => ConnectError): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw tell(error);
  }
}

/** Puts an error in other words, whether it comes instead of a stream or in its middle. */
export async function tellingStream<I extends DescMessage, O extends DescMessage>(
  stream: Promise<StreamResponse<I, O>>,
  tell: (error: unknown) => ConnectError,
): Promise<StreamResponse<I, O>> {
  try {
    const answer = await stream;
    return { ...answer, message: telling(answer.message, tell) };
  } catch (error) {
    throw tell(error);
  }
}

/** The transport for streaming calls: connect-node's, on the same connections as the unary calls. */
export function createStreamTransport(
  balancer: Balancer,
  options: { baseUrl: string; maxBytes: number; sendEncoding: Encoding | undefined; compressMinBytes: number },
): Transport {
  const { baseUrl, maxBytes, sendEncoding, compressMinBytes } = options;
  const transport = createGrpcTransport({
    baseUrl,
    readMaxBytes: maxBytes,
    writeMaxBytes: maxBytes,
    compressMinBytes,
    ...(sendEncoding !== undefined && { sendCompression: COMPRESSIONS[sendEncoding] }),
    sessionManager: sessionManager(balancer, baseUrl),
  });
  return {
    ...transport,
    stream(method, signal, timeoutMs, header, input, contextValues) {
      const deadlineMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
      const stream = transport.stream(method, signal, timeoutMs, header, input, contextValues);
      return tellingStream(stream, (error) => atDeadline(error, deadlineMs));
    },
  };
}
