/** What a port puts up with before it helps itself. The sizes of messages are the service's own (`MessageOptions`). */
export interface Limits {
  /** Connections at once; who comes beyond is closed at once. */
  readonly connectionsMax: number;
  /** Until a connection has said which version of HTTP it speaks. */
  readonly firstBytesTimeoutMs: number;
  /** Until an HTTP/1.1 request's header is complete, and until an HTTP/2 client has sent its settings. */
  readonly headersTimeoutMs: number;
  /** Until a whole HTTP/1.1 request is there. Unary calls have their contract's time besides. */
  readonly requestTimeoutMs: number;
  /** All of a request's header: names and values. */
  readonly headerMaxBytes: number;
  /** Fields in a request's header. */
  readonly headerMaxCount: number;
  /** Calls at once on an HTTP/2 connection. */
  readonly streamsPerConnectionMax: number;
  /** Requests at once on an HTTP/1.1 connection: whoever sends more before the first is answered is cut off. */
  readonly pipelinedMax: number;
  /** An HTTP/1.1 connection without a request is closed after that; longer than proxies keep theirs. */
  readonly keepAliveTimeoutMs: number;
  /** An HTTP/2 connection without a call is taken leave of after that. */
  readonly idleTimeoutMs: number;
  /** An HTTP/2 client that says nothing for that long is asked whether it is still there. */
  readonly pingAfterMs: number;
  /** It is gone when it then remains silent for that long, */
  readonly pingTimeoutMs: number;
  /** or sends other bytes for that long without an answer: it is stuck within a frame. */
  readonly pingLatestMs: number;
  /** The same for TCP, by the system. */
  readonly tcpKeepAliveAfterMs: number;
  /** The time to take an answer in, however small, */
  readonly takeTimeoutMs: number;
  /** and how fast larger ones have to be taken in besides. */
  readonly takeMinBytesPerSecond: number;
  /** Parts of requests and answers not taken in yet: of a connection, and of all together. */
  readonly heldPerConnectionMaxBytes: number;
  readonly heldMaxBytes: number;
  /** What node:http2 may keep for a connection before it refuses new streams; more than `heldPerConnectionMaxBytes`. */
  readonly sessionMemoryMaxMegabytes: number;
  /** Calls that an HTTP/2 client may reset: at once, and then in each second. A proxy's one connection may carry many users who leave. */
  readonly resetsBurst: number;
  readonly resetsPerSecond: number;
  /** HTTP/2 frames that make no sense or carry nothing, in a connection's life. */
  readonly invalidFramesMax: number;
  /** Streams refused for a connection's memory, in its life. */
  readonly refusedStreamsMax: number;
  /** Entries in one SETTINGS frame. */
  readonly settingsMax: number;
  /** PING and SETTINGS that neither come with calls nor follow on answers: between two checks. */
  readonly controlFramesMax: number;
  /** How often connections are looked over; every other time is kept as exactly as that. */
  readonly checkIntervalMs: number;
}

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** What every port of the shop puts up with. */
export const LIMITS: Limits = {
  connectionsMax: 4_096,
  firstBytesTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  headerMaxBytes: 32 * KIB,
  headerMaxCount: 128,
  streamsPerConnectionMax: 256,
  pipelinedMax: 16,
  keepAliveTimeoutMs: 75_000,
  idleTimeoutMs: 300_000,
  pingAfterMs: 30_000,
  pingTimeoutMs: 20_000,
  pingLatestMs: 120_000,
  tcpKeepAliveAfterMs: 60_000,
  takeTimeoutMs: 60_000,
  takeMinBytesPerSecond: 16 * KIB,
  heldPerConnectionMaxBytes: 64 * MIB,
  heldMaxBytes: 256 * MIB,
  sessionMemoryMaxMegabytes: 80,
  resetsBurst: 2_000,
  resetsPerSecond: 500,
  invalidFramesMax: 100,
  refusedStreamsMax: 100,
  settingsMax: 32,
  controlFramesMax: 1_000,
  checkIntervalMs: 5_000,
};

/** How long a client may take for so many bytes of an answer. */
export function takeTimeMs(limits: Limits, bytes: number): number {
  return limits.takeTimeoutMs + (bytes / limits.takeMinBytesPerSecond) * 1_000;
}
