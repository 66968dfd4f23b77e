import { create, type DescMessage, type DescMethod, type MessageInitShape } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { ACCEPTED_ENCODINGS, compress, type Encoding } from "../wire/compression.ts";
import { createMessageEncoder, type EncodeMessage } from "../wire/encode-message.ts";
import { COMPRESSED_FLAG, completeEnvelope, ENVELOPE_HEAD_BYTES, encodeEnvelope } from "../wire/envelope.ts";
import { createBalancer } from "./balancer.ts";
import { addMetadata } from "./metadata.ts";
import type { Lookup } from "./resolve.ts";
import { createRetryBudget } from "./retry-budget.ts";
import type { SessionTimes } from "./session.ts";
import type { TlsOptions } from "./socket.ts";
import { createStreamTransport, tellingStream } from "./streams.ts";
import { targetsOf } from "./target.ts";
import { ClientCall, type Parent } from "./unary.ts";

/** How calls of a transport are made. */
export interface ServiceTransportOptions<P extends Parent> {
  /** Where the service is: base URLs, separated by commas. Each may stand for several addresses. */
  readonly baseUrls: string;
  /** The longest a call of a method may take, in milliseconds; undefined for no end. */
  readonly timeoutMsOf?: (method: DescMethod) => number | undefined;
  /** The call on whose behalf the next one is made: its deadline and cancellation are carried on. */
  readonly parent?: () => P | undefined;
  /** Metadata for each call: names (lower case) and values in turn. `given` is what the caller adds by itself. */
  readonly metadata?: (parent: P | undefined, given: Headers | undefined) => readonly string[];
  /** The largest message that is read or written. */
  readonly maxBytes?: number;
  /** What requests are compressed with; left out, they are not: within a data centre it costs more than it saves. */
  readonly sendEncoding?: Encoding;
  /** Smaller requests are not compressed. */
  readonly compressMinBytes?: number;
  /** Whether what the contract allows to be done twice is tried again. A request that no server has begun on is sent again anyway. */
  readonly retries?: boolean | undefined;
  /** Puts the error of a call in other words. */
  readonly explain?: (error: ConnectError, call: FailedCall<P>) => ConnectError;
  /** TLS of the next connection to https:// URLs; left out, servers are known by their host's name, by the system's authorities. */
  readonly tlsOptions?: TlsOptions;
  readonly lookup?: Lookup;
  readonly times?: SessionTimes;
}

/** A call that failed. */
export interface FailedCall<P> {
  readonly method: DescMethod;
  readonly hasToken: boolean;
  readonly parent: P | undefined;
}

/** A transport that holds connections. */
export interface ServiceTransport extends Transport {
  /** Ends all calls and connections. */
  close(): void;
}

const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;
const COMPRESS_MIN_BYTES = 1_024;
const USER_AGENT = "grpc-node-shopmesh/1";

/** What is the same for each call of a method. */
interface Plan {
  readonly header: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly encode: EncodeMessage;
}

function planOf(method: DescMethod, timeoutMs: number | undefined, sendEncoding: Encoding | undefined): Plan {
  const path = `/${method.parent.typeName}/${method.name}`;
  const pseudo = [":method", "POST", ":scheme", "http", ":authority", "", ":path", path];
  const protocol = ["te", "trailers", "content-type", "application/grpc+proto", "user-agent", USER_AGENT];
  const encoding = sendEncoding === undefined ? [] : ["grpc-encoding", sendEncoding];
  const header = [...pseudo, ...protocol, "grpc-accept-encoding", ACCEPTED_ENCODINGS, ...encoding];
  return { header, timeoutMs, encode: createMessageEncoder(method.input) };
}

/** The bytes of a request, with those of an envelope's head left free before them. */
function bytesOf<I extends DescMessage>(desc: I, encode: EncodeMessage, input: MessageInitShape<I>, maxBytes: number) {
  let bytes: Buffer;
  try {
    bytes = encode(create(desc, input), ENVELOPE_HEAD_BYTES);
  } catch (cause) {
    throw new ConnectError("the request cannot be serialized", Code.Internal, undefined, undefined, cause);
  }
  if (bytes.length - ENVELOPE_HEAD_BYTES > maxBytes)
    throw new ConnectError(`the request is larger than ${maxBytes} bytes`, Code.ResourceExhausted);
  return bytes;
}

/** The shortest of some times; undefined if none is set. */
function shortest(contractMs: number | undefined, givenMs: number | undefined, deadlineMs: number | undefined) {
  let limitMs = contractMs ?? Number.POSITIVE_INFINITY;
  // Connect takes a timeout of 0 for none.
  if (givenMs !== undefined && givenMs > 0 && givenMs < limitMs) limitMs = givenMs;
  if (deadlineMs !== undefined) limitMs = Math.min(limitMs, deadlineMs - performance.now());
  return limitMs === Number.POSITIVE_INFINITY ? undefined : limitMs;
}

/**
 * gRPC between services, over HTTP/2 connections of its own: deadlines and cancellation are carried on, calls are
 * balanced over all addresses, and what the contract allows to be done twice is tried again.
 *
 * Own connections rather than grpc-js's channel, which balances and reconnects as well: measured side by side (bench/),
 * a call costs 0.6 of the processor time, most of which is node:http2's, and streams share them with Connect's own code.
 */
export function createServiceTransport<P extends Parent>(options: ServiceTransportOptions<P>): ServiceTransport {
  const { baseUrls, timeoutMsOf = () => undefined, metadata = () => [], maxBytes = MESSAGE_MAX_BYTES } = options;
  const { sendEncoding, compressMinBytes = COMPRESS_MIN_BYTES, retries = true, explain } = options;
  const getParent = options.parent ?? (() => undefined);
  const { lookup, times, tlsOptions } = options;
  const balancer = createBalancer(baseUrls, { lookup, times, tlsOptions });
  const shared = { balancer, budget: createRetryBudget(), readMaxBytes: maxBytes };
  const baseUrl = targetsOf(baseUrls)[0]?.origin ?? "";
  const streams = createStreamTransport(balancer, { baseUrl, maxBytes, sendEncoding, compressMinBytes });
  const plans = new Map<DescMethod, Plan>();
  const getPlan = (method: DescMethod) => {
    let plan = plans.get(method);
    if (plan === undefined) {
      plan = planOf(method, timeoutMsOf(method), sendEncoding);
      plans.set(method, plan);
    }
    return plan;
  };
  const addHeader = (header: string[], parent: P | undefined, given: Headers | undefined) => {
    for (const it of metadata(parent, given)) header.push(it);
    if (given !== undefined) addMetadata(header, given);
    return header;
  };
  return {
    unary(method, signal, timeoutMs, header, input) {
      return new Promise((resolve, reject) => {
        const plan = getPlan(method);
        const parent = getParent();
        const own = addHeader(plan.header.slice(), parent, header === undefined ? undefined : new Headers(header));
        const limitMs = shortest(plan.timeoutMs, timeoutMs, parent?.deadlineMs);
        const idempotency = retries ? method.idempotency : MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
        const fail = (error: ConnectError) => {
          const hasToken = own.includes("authorization");
          reject(explain === undefined ? error : explain(error, { method, hasToken, parent }));
        };
        const send = (frame: Buffer) => {
          const request = { method, idempotency, header: own, frame, timeoutMs: limitMs, signal, parent };
          new ClientCall(shared, request, resolve, fail).start();
        };
        const bytes = bytesOf(method.input, plan.encode, input, maxBytes);
        if (sendEncoding === undefined || bytes.length - ENVELOPE_HEAD_BYTES < compressMinBytes) {
          send(completeEnvelope(0, bytes));
        } else {
          const compressed = compress(sendEncoding, bytes.subarray(ENVELOPE_HEAD_BYTES));
          compressed.then((it) => send(encodeEnvelope(COMPRESSED_FLAG, it))).catch(reject);
        }
      });
    },
    stream(method, signal, timeoutMs, header, input, contextValues) {
      const parent = getParent();
      const own = addHeader([], parent, new Headers(header));
      const all = new Headers();
      for (let at = 0; at < own.length; at += 2) all.append(own[at] ?? "", own[at + 1] ?? "");
      const limitMs = shortest(getPlan(method).timeoutMs, timeoutMs, parent?.deadlineMs);
      const signals = [parent?.signal, signal].filter((it) => it !== undefined);
      const ends = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
      const timeLeftMs = limitMs === undefined ? undefined : Math.max(1, Math.ceil(limitMs));
      const stream = streams.stream(method, ends, timeLeftMs, all, input, contextValues);
      if (explain === undefined) return stream;
      const failed = { method, hasToken: all.has("authorization"), parent };
      return tellingStream(stream, (error) => explain(ConnectError.from(error), failed));
    },
    close: () => balancer.close(),
  };
}
