import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Balancer } from "./balancer.ts";
import type { Session } from "./session.ts";

type SessionManager = NonNullable<Parameters<typeof createGrpcTransport>[0]["sessionManager"]>;

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
        balancer.wait({ connected: (it) => resolve(request(it, header)), unconnected: reject });
      });
    },
    notifyResponseByteRead: (stream) => sessions.get(stream)?.heard(),
  };
}

/** The transport for streaming calls: connect-node's, on the same connections as the unary calls. */
export function createStreamTransport(
  balancer: Balancer,
  options: { baseUrl: string; readMaxBytes: number; writeMaxBytes: number },
): Transport {
  return createGrpcTransport({ ...options, sessionManager: sessionManager(balancer, options.baseUrl) });
}
