import { create, type DescMethod, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure, Failure } from "../failure.ts";
import { policyOf, requestMaxBytesOf } from "../policy.ts";
import { Body } from "../wire/body.ts";
import { encodeEnvelope } from "../wire/envelope.ts";
import { readConnectTimeout, readGrpcTimeout } from "../wire/timeout.ts";
import type { Codec } from "./format.ts";
import { unpackEnvelope } from "./grpc.ts";
import {
  decodeRequest,
  type MessageOptions,
  messageBytes,
  PACKING_BYTES,
  requestEncoding,
  requestTooLarge,
} from "./request.ts";

/** The one request of a server stream, as Connect's library reads it without objections. */
export interface StreamRequest {
  readonly header: Headers;
  readonly body: Uint8Array;
  /** What is wrong with what the client sent; `body` is an empty message then. */
  readonly failure: Failure | undefined;
}

const CONTENT_TYPE = /^application\/(grpc-web|grpc|connect)(?:\+(proto|json))?(?:;.*)?$/i;

interface StreamFormat {
  readonly codec: Codec;
  readonly encoding: string;
  readonly timeout: string;
  readonly readTimeoutMs: (value: string) => number;
}

function formatOf(contentType: string | null): StreamFormat | undefined {
  const [, protocol, codec] = CONTENT_TYPE.exec(contentType ?? "") ?? [];
  if (protocol === undefined || (protocol === "connect" && codec === undefined)) return undefined;
  const name = codec?.toLowerCase() === "json" ? "json" : "proto";
  return protocol.toLowerCase() === "connect"
    ? {
        codec: name,
        encoding: "connect-content-encoding",
        timeout: "connect-timeout-ms",
        readTimeoutMs: readConnectTimeout,
      }
    : { codec: name, encoding: "grpc-encoding", timeout: "grpc-timeout", readTimeoutMs: readGrpcTimeout };
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const whole = new Body(maxBytes + PACKING_BYTES);
  for await (const it of body) if (!whole.add(Buffer.from(it))) throw requestTooLarge(maxBytes);
  return whole.bytes();
}

function emptyMessage({ input }: DescMethod, codec: Codec): Uint8Array {
  const message = create(input);
  return codec === "proto" ? toBinary(input, message) : Buffer.from(toJsonString(input, message));
}

/**
 * Takes in the request of a server stream and looks whether it can be read, so that the pipeline is told if it cannot,
 * as with unary calls: Connect's library would answer by itself, and quote what it could not read.
 * @returns undefined for a content type that is none of a stream's
 * @throws what the connection ends with
 */
export async function receiveStreamRequest(
  method: DescMethod,
  header: Headers,
  body: AsyncIterable<Uint8Array>,
  { registry }: MessageOptions,
): Promise<StreamRequest | undefined> {
  const format = formatOf(header.get("content-type"));
  if (format === undefined) return undefined;
  const requestMaxBytes = requestMaxBytesOf(policyOf(method));
  const plain = new Headers(header);
  plain.delete(format.encoding);
  const timeout = header.get(format.timeout);
  const isTimeoutMalformed = timeout !== null && Number.isNaN(format.readTimeoutMs(timeout));
  if (isTimeoutMalformed) plain.delete(format.timeout);
  try {
    if (isTimeoutMalformed) throw callFailure(ErrorReason.INVALID_INPUT, `The header ${format.timeout} is malformed.`);
    const encoding = requestEncoding(header.get(format.encoding));
    const packed = unpackEnvelope(await readBody(body, requestMaxBytes));
    const data = await messageBytes(packed, encoding, requestMaxBytes);
    decodeRequest(method, format.codec, data, registry);
    return { header: plain, body: encodeEnvelope(0, data), failure: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { header: plain, body: encodeEnvelope(0, emptyMessage(method, format.codec)), failure: error };
  }
}
