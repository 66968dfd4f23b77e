import http2 from "node:http2";

/** How a call ended, as it looks on the wire. */
export interface Outcome {
  /** The status of HTTP; undefined when the connection did not carry the call. */
  readonly http?: number;
  /** The status of gRPC; undefined for a stream that was opened and left. */
  readonly grpc?: number;
  readonly message?: string;
  /** The `grpc-status-details-bin`, base64. */
  readonly details?: string;
  /** Messages of the answer, base64; at most one of a stream. */
  readonly messages: readonly string[];
  /** Why the connection did not carry the call. */
  readonly broken?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A call to make. */
export interface GrpcCall {
  readonly path: string;
  readonly authority: string;
  /** The message of the request; empty when left out. */
  readonly request?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the answer may live on: it is left after its first message, or soon when none comes. */
  readonly stream?: boolean;
  readonly timeoutMs: number;
}

const PREFIX_BYTES = 5;
/** How long the first message of an opened stream is waited for. */
const STREAM_LOOK_MS = 300;

/** A message as gRPC frames it. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The messages of a body, as far as they are complete. */
function unframe(body: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at + PREFIX_BYTES <= body.length; ) {
    const end = at + PREFIX_BYTES + body.readUInt32BE(at + 1);
    if (end > body.length) break;
    messages.push(body.subarray(at + PREFIX_BYTES, end).toString("base64"));
    at = end;
  }
  return messages;
}

function text(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`]));
}

/** Makes one call on a connection; never rejects. */
export function call(session: http2.ClientHttp2Session, it: GrpcCall): Promise<Outcome> {
  return new Promise((resolve) => {
    let headers: Record<string, string> = {};
    const chunks: Buffer[] = [];
    let look: NodeJS.Timeout | undefined;
    let stream: http2.ClientHttp2Stream;
    const limit = setTimeout(() => end({ broken: `no answer within ${it.timeoutMs} ms` }), it.timeoutMs);
    const end = (extra: Partial<Outcome>) => {
      clearTimeout(limit);
      clearTimeout(look);
      const http = Number(headers[":status"]) || undefined;
      const grpc = headers["grpc-status"] === undefined ? undefined : Number(headers["grpc-status"]);
      resolve({
        ...(http !== undefined && { http }),
        ...(grpc !== undefined && { grpc }),
        ...(headers["grpc-message"] !== undefined && { message: decodeURIComponent(headers["grpc-message"]) }),
        ...(headers["grpc-status-details-bin"] !== undefined && { details: headers["grpc-status-details-bin"] }),
        messages: unframe(Buffer.concat(chunks)),
        headers,
        ...extra,
      });
      stream?.close(http2.constants.NGHTTP2_CANCEL);
    };
    try {
      stream = session.request({
        ":method": "POST",
        ":path": it.path,
        ":authority": it.authority,
        "content-type": "application/grpc+proto",
        te: "trailers",
        ...it.headers,
      });
    } catch (error) {
      end({ broken: String(error) });
      return;
    }
    const opened = () => {
      if (it.stream && headers["grpc-status"] === undefined) look ??= setTimeout(() => end({}), STREAM_LOOK_MS);
    };
    stream.on("response", (received) => {
      headers = text(received);
      opened();
    });
    stream.on("trailers", (received) => (headers = { ...headers, ...text(received) }));
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (it.stream && unframe(Buffer.concat(chunks)).length > 0) end({});
    });
    stream.on("error", (error) => end({ broken: error.message }));
    stream.on("close", () => end(headers[":status"] === undefined ? { broken: "closed without an answer" } : {}));
    stream.end(frame(it.request ?? new Uint8Array()));
  });
}
