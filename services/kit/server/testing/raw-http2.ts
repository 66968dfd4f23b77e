import { connectRaw, type RawSocket } from "./raw-socket.ts";

/** Kinds of HTTP/2 frames (RFC 9113, section 6). */
export const Frame = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const Flag = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4 } as const;
/** Codes of errors (RFC 9113, section 7). */
export const H2Error = { NO_ERROR: 0, PROTOCOL_ERROR: 1, CANCEL: 8, REFUSED_STREAM: 7, ENHANCE_YOUR_CALM: 11 } as const;

const FRAME_HEAD_BYTES = 9;
/** The first bytes of a client. */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The bytes of a frame, valid or not. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Four bytes, as codes of errors, window sizes and ids of streams are written. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The payload of SETTINGS. */
export function settings(entries: Readonly<Record<number, number>>): Buffer {
  return Buffer.concat(
    Object.entries(entries).map(([id, value]) => Buffer.concat([Buffer.from([0, Number(id)]), uint32(value)])),
  );
}
export const INITIAL_WINDOW_SIZE = 4;

// Strings longer than this need another way of writing their length.
const HPACK_SHORT_MAX = 126;

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length = [];
  let rest = bytes.length;
  if (rest <= HPACK_SHORT_MAX) length.push(rest);
  else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Headers as HPACK writes them without its tables (RFC 7541, section 6.2.2). */
export function headerBlock(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), hpackString(name), hpackString(value)]));
}

/** The header of a call. */
export function requestBlock(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const pseudo = { ":method": "POST", ":scheme": "http", ":authority": "shop", ":path": path };
  return headerBlock(Object.entries({ ...pseudo, ...more }));
}

/** The whole frames in these bytes. */
export function framesIn(bytes: Buffer): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      streamId: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + FRAME_HEAD_BYTES, end),
    });
    at = end;
  }
  return frames;
}

/** A connection that speaks HTTP/2 frame by frame. */
export interface RawHttp2 extends RawSocket {
  send(...frames: readonly Buffer[]): void;
  frames(): RawFrame[];
  /** Whether the server has said all it has to on a stream. */
  ended(streamId: number): boolean;
  /** The code of the error that the server took its leave with. */
  goaway(): number | undefined;
  /** The code of the error that the server reset a stream with. */
  reset(streamId: number): number | undefined;
}

/** Connects and greets; `first` are the client's settings. */
export async function connectRawHttp2(port: number, first: Readonly<Record<number, number>> = {}): Promise<RawHttp2> {
  const raw = await connectRaw(port);
  raw.socket.write(Buffer.concat([PREFACE, frame(Frame.SETTINGS, 0, 0, settings(first))]));
  const frames = () => framesIn(raw.heard());
  return {
    ...raw,
    frames,
    send: (...it) => void raw.socket.write(Buffer.concat(it)),
    ended: (streamId) =>
      frames().some((it) => it.streamId === streamId && it.type <= Frame.HEADERS && (it.flags & Flag.END_STREAM) !== 0),
    goaway: () =>
      frames()
        .findLast((it) => it.type === Frame.GOAWAY)
        ?.payload.readUInt32BE(4),
    reset: (streamId) =>
      frames()
        .find((it) => it.type === Frame.RST_STREAM && it.streamId === streamId)
        ?.payload.readUInt32BE(0),
  };
}
