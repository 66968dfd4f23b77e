/** How a unary call is put into HTTP. */
export type ProtocolName = "grpc" | "grpc-web" | "connect";

/** How messages are written. */
export type Codec = "proto" | "json";

/** What a content type says of a unary call. */
export interface Format {
  readonly protocol: ProtocolName;
  readonly codec: Codec;
  /** gRPC-Web as base64 text, for clients that cannot read bytes. */
  readonly text: boolean;
  /** The content type of the answer. */
  readonly contentType: string;
}

function format(protocol: ProtocolName, codec: Codec, contentType: string): Format {
  return { protocol, codec, text: contentType.includes("-text"), contentType };
}

const FORMATS = new Map<string, Format>(
  [
    format("grpc", "proto", "application/grpc"),
    format("grpc", "proto", "application/grpc+proto"),
    format("grpc", "json", "application/grpc+json"),
    format("grpc-web", "proto", "application/grpc-web"),
    format("grpc-web", "proto", "application/grpc-web+proto"),
    format("grpc-web", "json", "application/grpc-web+json"),
    format("grpc-web", "proto", "application/grpc-web-text"),
    format("grpc-web", "proto", "application/grpc-web-text+proto"),
    format("connect", "proto", "application/proto"),
    format("connect", "json", "application/json"),
  ].map((it) => [it.contentType, it]),
);

/** All content types of unary calls. */
export const CONTENT_TYPES: readonly string[] = [...FORMATS.keys()];

/** The format that a content type names: lower case, or with parameters such as a charset, as well. */
export function formatOf(contentType: string | undefined): Format | undefined {
  if (contentType === undefined) return undefined;
  return FORMATS.get(contentType) ?? FORMATS.get((contentType.split(";", 1)[0] ?? "").trim().toLowerCase());
}

/** The format of a Connect GET request, by its parameter `encoding`. */
export function formatOfGet(encoding: string | null): Format | undefined {
  return encoding === "proto" || encoding === "json" ? FORMATS.get(`application/${encoding}`) : undefined;
}
