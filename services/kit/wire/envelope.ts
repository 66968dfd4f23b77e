/** Bytes before each message: a byte of flags and the message's length (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export const ENVELOPE_HEAD_BYTES = 5;
/** The flag of a message that is compressed. */
export const COMPRESSED_FLAG = 0b0000_0001;
/** The flag of a message that holds gRPC-Web's trailers. */
export const TRAILER_FLAG = 0b1000_0000;

/** A message of the gRPC protocols on its way. */
export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

/** The bytes of envelopes, one after the other. */
export function encodeEnvelopes(...envelopes: readonly Envelope[]): Buffer<ArrayBuffer> {
  let length = 0;
  for (const { data } of envelopes) length += ENVELOPE_HEAD_BYTES + data.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { flags, data } of envelopes) {
    bytes[at] = flags;
    bytes.writeUInt32BE(data.length, at + 1);
    bytes.set(data, at + ENVELOPE_HEAD_BYTES);
    at += ENVELOPE_HEAD_BYTES + data.length;
  }
  return bytes;
}

/** The bytes of one envelope. */
export function encodeEnvelope(flags: number, data: Uint8Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.allocUnsafe(ENVELOPE_HEAD_BYTES + data.length);
  bytes.set(data, ENVELOPE_HEAD_BYTES);
  return completeEnvelope(flags, bytes);
}

/** Makes an envelope of data that were written with ENVELOPE_HEAD_BYTES left free before them, without copying them. */
export function completeEnvelope<T extends Buffer>(flags: number, bytes: T): T {
  bytes[0] = flags;
  bytes.writeUInt32BE(bytes.length - ENVELOPE_HEAD_BYTES, 1);
  return bytes;
}

/**
 * The envelopes in a body, as views of it.
 * @returns undefined when the body ends within one.
 */
export function decodeEnvelopes(body: Buffer): Envelope[] | undefined {
  const envelopes: Envelope[] = [];
  for (let at = 0; at < body.length; ) {
    if (body.length - at < ENVELOPE_HEAD_BYTES) return undefined;
    const end = at + ENVELOPE_HEAD_BYTES + body.readUInt32BE(at + 1);
    if (end > body.length) return undefined;
    envelopes.push({ flags: body[at] ?? 0, data: body.subarray(at + ENVELOPE_HEAD_BYTES, end) });
    at = end;
  }
  return envelopes;
}
