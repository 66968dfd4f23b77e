import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { certificateRequest } from "./der.ts";
import { call } from "./grpc.ts";

/** What a workload shows to others: a certificate of the mesh. */
export interface Certificate {
  readonly key: string;
  /** The leaf and what signed it, PEM. */
  readonly chain: string;
  /** Whom the mesh trusts, PEM. */
  readonly root: string;
}

const STRING_1 = 0x0a;
const VARINT_3 = 0x18;
const ISSUE_TIMEOUT_MS = 20_000;
const CREATE = "/istio.v1.auth.IstioCertificateService/CreateCertificate";

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The strings of field 1: the whole of IstioCertificateResponse. */
function strings(message: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < message.length && message[at] === STRING_1; ) {
    let length = 0;
    let shift = 0;
    let byte: number;
    at += 1;
    do {
      byte = message[at] ?? 0;
      length |= (byte & 0x7f) << shift;
      shift += 7;
      at += 1;
    } while (byte & 0x80);
    found.push(message.subarray(at, at + length).toString());
    at += length;
  }
  return found;
}

/** Where certificates come from, and whom to trust meanwhile. */
export interface Issuer {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly root: string;
}

/** A certificate of the mesh for the holder of a service account's token, asked for just as a sidecar does. */
export async function issueCertificate(issuer: Issuer, token: string, validSeconds: number): Promise<Certificate> {
  const { key, request } = certificateRequest();
  const csr = Buffer.from(request);
  const message = Buffer.concat([
    Buffer.from([STRING_1]),
    varint(csr.length),
    csr,
    Buffer.from([VARINT_3]),
    varint(validSeconds),
  ]);
  const { host, port, serverName, root } = issuer;
  const session = http2.connect(`https://${serverName}:${port}`, { host, ca: root, servername: serverName } as object);
  session.on("error", () => {});
  try {
    const outcome = await call(session, {
      path: CREATE,
      authority: serverName,
      request: message,
      headers: { authorization: `Bearer ${token}` },
      timeoutMs: ISSUE_TIMEOUT_MS,
    });
    const [answer] = outcome.messages;
    if (outcome.grpc !== 0 || answer === undefined)
      throw new Error(`istiod issued no certificate: ${outcome.broken ?? outcome.message ?? outcome.grpc}`);
    return { key, chain: strings(Buffer.from(answer, "base64")).join("\n"), root };
  } finally {
    session.destroy();
  }
}

/** Where a connection leads, and who is expected there. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  /** "spiffe://cluster.local/ns/…/sa/…" */
  readonly spiffe: string;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** Connects as a sidecar does: mutual TLS, the peer known by its SPIFFE identity. */
export function connectMutual(peer: Peer, mine: Certificate): http2.ClientHttp2Session {
  const socket = tls.connect({
    host: peer.host,
    port: peer.port,
    key: mine.key,
    cert: mine.chain,
    ca: mine.root,
    ALPNProtocols: ["istio", "h2"],
    timeout: CONNECT_TIMEOUT_MS,
    checkServerIdentity: (_, { subjectaltname }) =>
      subjectaltname === `URI:${peer.spiffe}` ? undefined : new Error(`met ${subjectaltname}, expected ${peer.spiffe}`),
  });
  return sessionOver(socket, peer);
}

/** Connects as a pod without a sidecar does. */
export function connectPlain(peer: Peer): http2.ClientHttp2Session {
  return sessionOver(net.connect({ host: peer.host, port: peer.port, timeout: CONNECT_TIMEOUT_MS }), peer);
}

function sessionOver(socket: net.Socket, { host, port }: Peer): http2.ClientHttp2Session {
  socket.once("timeout", () => socket.destroy(new Error("no connection in time")));
  const session = http2.connect(`http://${host}:${port}`, { createConnection: () => socket });
  session.on("error", () => {});
  session.once("connect", () => socket.setTimeout(0));
  return session;
}
