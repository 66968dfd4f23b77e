import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { decodeEnvelopes, encodeEnvelope } from "#kit/wire/envelope.ts";

/** A server that a test tells each frame to. */
export interface RawServer {
  readonly port: number;
  readonly url: string;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** Header of each request, in their order. */
  readonly requests: readonly IncomingHttpHeaders[];
  /** Says GOAWAY on all connections, lets calls come to their end, and listens no more. */
  stop(): Promise<void>;
  /** Ends all connections, whatever they do, and listens no more. */
  close(): Promise<void>;
}

/** How a test answers; `at` counts the requests from 0. */
export type RawHandler = (stream: ServerHttp2Stream, header: IncomingHttpHeaders, at: number) => void;

/** A message's bytes in their envelope. */
export function textFrame(value: string): Buffer {
  return encodeEnvelope(0, toBinary(StringValueSchema, create(StringValueSchema, { value })));
}

/** The text of a request, when it has been received. */
export async function readText(stream: ServerHttp2Stream): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const it of stream) pieces.push(it as Buffer);
  const [envelope] = decodeEnvelopes(Buffer.concat(pieces)) ?? [];
  return fromBinary(StringValueSchema, envelope?.data ?? new Uint8Array()).value;
}

/** Answers with a body and trailers. */
export function answer(
  stream: ServerHttp2Stream,
  {
    body = textFrame("answer"),
    header = {},
    trailer = { "grpc-status": "0" },
  }: {
    body?: Buffer;
    header?: OutgoingHttpHeaders;
    trailer?: OutgoingHttpHeaders;
  } = {},
): void {
  if (stream.destroyed) return;
  stream.resume();
  stream.on("wantTrailers", () => stream.sendTrailers(trailer));
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto", ...header }, { waitForTrailers: true });
  stream.end(body);
}

/** Answers with a status alone. */
export function answerStatus(stream: ServerHttp2Stream, status: number, header: OutgoingHttpHeaders = {}): void {
  stream.resume();
  const all = { ":status": 200, "content-type": "application/grpc", "grpc-status": `${status}`, ...header };
  stream.respond(all, { endStream: true });
}

/** Starts a server; without a port, on a free one. */
export async function startRawServer(
  handler: RawHandler,
  { port = 0, host = "127.0.0.1", settings = {} }: { port?: number; host?: string; settings?: Settings } = {},
): Promise<RawServer> {
  const server = createServer({ settings });
  const sessions = new Set<ServerHttp2Session>();
  const requests: IncomingHttpHeaders[] = [];
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, header) => {
    stream.on("error", () => {});
    requests.push(header);
    handler(stream, header, requests.length - 1);
  });
  server.listen(port, host);
  await once(server, "listening");
  const at = (server.address() as AddressInfo).port;
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    port: at,
    url: `http://${host}:${at}`,
    sessions,
    requests,
    async stop() {
      const done = closed();
      for (const it of sessions) it.close();
      await done;
    },
    async close() {
      const done = closed();
      for (const it of sessions) it.destroy();
      await done;
    },
  };
}

/** A TCP proxy that can stop forwarding without telling anybody: what a dead peer looks like. */
export async function startProxy(toPort: number): Promise<{ url: string; swallow(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createTcpServer((near) => {
    const far = connect(toPort, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("data", (piece) => swallows || to.write(piece));
      from.on("close", () => sockets.delete(from) && (swallows || to.destroy()));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow: () => {
      swallows = true;
    },
    async close() {
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const it of sockets) it.destroy();
      await done;
    },
  };
}

/** A port that nobody listens on. */
export async function deadUrl(): Promise<string> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
