import { type DescMessage, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { encodeEnvelope } from "#kit/wire/envelope.ts";
import { answerTo, CALLS, type MeasuredCall, type Size } from "./catalogue.ts";

/** Protocols that unary calls are measured with; h1 and h2 are HTTP/1.1 and HTTP/2 without TLS. */
export const PROTOCOLS = [
  "grpc-h2",
  "connect-json-h1",
  "connect-proto-h1",
  "connect-json-h2",
  "connect-proto-h2",
] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A call as bytes on the wire. */
export interface Exchange {
  readonly path: string;
  readonly contentType: string;
  readonly requestBody: Uint8Array;
  readonly answerBody: Uint8Array;
}

export function pathOf({ method }: MeasuredCall): string {
  return `/${method.parent.typeName}/${method.name}`;
}

export function isHttp1(protocol: Protocol): boolean {
  return protocol.endsWith("-h1");
}

/** The bytes of a measured call in a protocol, as the protobuf library itself writes them. */
export function exchangeOf(protocol: Protocol, size: Size): Exchange {
  const call = CALLS[size];
  const path = pathOf(call);
  const answer = answerTo(call);
  if (protocol.startsWith("connect-json")) {
    const json = (schema: DescMessage, message: Message) => Buffer.from(toJsonString(schema, message));
    return {
      path,
      contentType: "application/json",
      requestBody: json(call.method.input, call.request),
      answerBody: json(call.method.output, answer),
    };
  }
  const requestBody = toBinary(call.method.input, call.request);
  const answerBody = toBinary(call.method.output, answer);
  if (protocol.startsWith("connect-proto")) return { path, contentType: "application/proto", requestBody, answerBody };
  return {
    path,
    contentType: "application/grpc+proto",
    requestBody: encodeEnvelope(0, requestBody),
    answerBody: encodeEnvelope(0, answerBody),
  };
}
