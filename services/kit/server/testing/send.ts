import { once } from "node:events";
import http, { type IncomingHttpHeaders } from "node:http";
import http2 from "node:http2";

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method?: string;
  readonly path: string;
  readonly header?: Readonly<Record<string, string>>;
  /** In the pieces in which it is sent. */
  readonly body?: readonly Buffer[];
  readonly trailer?: Readonly<Record<string, string>>;
}

/** An answer as it came. */
export interface WireAnswer {
  readonly status: number;
  readonly header: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailer: IncomingHttpHeaders;
}

/** Sends one request on a connection of its own. */
export type Send = (port: number, request: WireRequest) => Promise<WireAnswer>;

async function collect(readable: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readable) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const sendByHttp1: Send = async (port, { method = "POST", path, header, body = [], trailer }) => {
  const headers = { ...header, ...(trailer && { trailer: Object.keys(trailer).join(",") }) };
  const request = http.request({ port, method, path, headers, agent: false });
  for (const piece of body) request.write(piece);
  if (trailer !== undefined) request.addTrailers(trailer);
  request.end();
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const bytes = await collect(response);
  return { status: response.statusCode ?? 0, header: response.headers, body: bytes, trailer: response.trailers };
};

const sendByHttp2: Send = async (port, { method = "POST", path, header, body = [], trailer: last }) => {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request(
      { ":method": method, ":path": path, ...header },
      { endStream: body.length === 0, waitForTrailers: last !== undefined },
    );
    let trailer: IncomingHttpHeaders = {};
    stream.on("trailers", (it: IncomingHttpHeaders) => {
      trailer = it;
    });
    stream.on("wantTrailers", () => stream.sendTrailers(last ?? {}));
    for (const piece of body) stream.write(piece);
    stream.end();
    const [fields] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const bytes = await collect(stream);
    return { status: Number(fields[":status"]), header: fields, body: bytes, trailer };
  } finally {
    session.destroy();
  }
};

export const SEND: Readonly<Record<"HTTP/1.1" | "HTTP/2", Send>> = { "HTTP/1.1": sendByHttp1, "HTTP/2": sendByHttp2 };
