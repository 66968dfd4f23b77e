import type { ClientHttp2Session } from "node:http2";
import { call, type Outcome } from "./grpc.ts";
import { type Certificate, connectMutual, connectPlain, type Peer } from "./identity.ts";
import { answer, input } from "./input.ts";

/** Calls to make, each as somebody; names lead to certificates, peers and tokens, so that nothing is said twice. */
export interface CallsInput {
  readonly certificates: Readonly<Record<string, Certificate>>;
  readonly peers: Readonly<Record<string, Peer>>;
  readonly tokens: Readonly<Record<string, string>>;
  readonly calls: readonly CallToMake[];
}

/** One call. */
export interface CallToMake {
  /** Whose certificate is shown; undefined: none, and no TLS. */
  readonly as?: string;
  readonly to: string;
  readonly path: string;
  readonly token?: string;
  readonly stream: boolean;
}

/** What the test needs to know of how a call ended. */
export interface CallResult extends Pick<Outcome, "http" | "grpc" | "message" | "details" | "broken"> {
  /** Whether a process stood behind the proxy's answer. */
  readonly served: boolean;
}

const AT_ONCE = 24;
const TIMEOUT_MS = 15_000;
const SERVED = "x-envoy-upstream-service-time";

const { certificates, peers, tokens, calls } = input<CallsInput>();
const sessions = new Map<string, ClientHttp2Session>();

function peerOf(name: string): Peer {
  const peer = peers[name];
  if (peer === undefined) throw new Error(`no peer ${name}`);
  return peer;
}

/** The connection of a caller to a peer; one that broke is replaced. */
function sessionOf(as: string, to: string): ClientHttp2Session {
  const key = `${as} ${to}`;
  const known = sessions.get(key);
  if (known !== undefined && !known.destroyed && !known.closed) return known;
  const certificate = certificates[as];
  if (certificate === undefined) throw new Error(`no certificate of ${as}`);
  const session = connectMutual(peerOf(to), certificate);
  sessions.set(key, session);
  return session;
}

async function make({ as, to, path, token, stream }: CallToMake): Promise<CallResult> {
  const session = as === undefined ? connectPlain(peerOf(to)) : sessionOf(as, to);
  const { http, grpc, message, details, broken, headers } = await call(session, {
    path,
    authority: to,
    stream,
    ...(token !== undefined && { headers: { authorization: `Bearer ${tokens[token]}` } }),
    timeoutMs: TIMEOUT_MS,
  });
  if (as === undefined) session.destroy();
  return {
    ...(http !== undefined && { http }),
    ...(grpc !== undefined && { grpc }),
    ...(message !== undefined && { message }),
    ...(details !== undefined && { details }),
    ...(broken !== undefined && { broken }),
    served: SERVED in headers,
  };
}

const results: CallResult[] = [];
const rest = calls.entries();
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const [index, it] of rest) results[index] = await make(it);
  }),
);
answer(results);
