import { create } from "@bufbuild/protobuf";
import { PolicySchema } from "#gen/shop/mesh/v1/policy_pb.js";
import { requestMaxBytesOf } from "#kit/policy.ts";
import { LIMITS } from "#kit/server/limits.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** What the edge puts up with of a client, whatever it calls; after Envoy's advice for proxies that face the internet. */
export const EDGE_LIMITS = {
  /** Of all clients together. */
  connectionsMax: 10_000,
  /** A connection that no request is on is closed after that. */
  idleTimeoutMs: 300_000,
  /** A request whose answer has begun and says nothing for that long is cut; streams are not. */
  silenceTimeoutMs: 300_000,
  headersTimeoutMs: LIMITS.headersTimeoutMs,
  /** Until a whole request is there. */
  requestTimeoutMs: LIMITS.requestTimeoutMs,
  /** Less than services take, since proxies on the way add fields of their own. */
  headerMaxBytes: LIMITS.headerMaxBytes - 8 * KIB,
  headerMaxCount: LIMITS.headerMaxCount - 28,
  streamsPerConnectionMax: 100,
  streamWindowBytes: 64 * KIB,
  connectionWindowBytes: MIB,
  /** What is held of a connection whose other side is slow. */
  bufferPerConnectionBytes: 32 * KIB,
  /** An HTTP/2 client that does not answer a ping is gone, and its streams with it. */
  pingIntervalMs: LIMITS.pingAfterMs,
  pingTimeoutMs: LIMITS.pingTimeoutMs,
  /** Calls at once to one workload, live streams included. */
  callsPerWorkloadMax: 10_000,
} as const;

/** The largest request of a call whose contract says nothing about it. */
export const REQUEST_MAX_BYTES = requestMaxBytesOf(create(PolicySchema));
/** gRPC and gRPC-Web put one byte of flags and four of length before a message. */
export const ENVELOPE_BYTES = 5;

/**
 * How many people one address may stand for. The contract's rate limit is for one client, and services keep to it by the
 * user where a token says who it is. The edge knows addresses alone, and behind one lie an office or a mobile network's
 * customers; so it lets an address call this many times as often, and takes the floods off the services.
 */
export const PEOPLE_PER_ADDRESS = 10;
/** Addresses whose calls are counted at once, for each call; who has not called for longest is forgotten. */
export const ADDRESSES_MAX = 50_000;

/** "1.5s": a duration as protobuf's JSON writes it. */
export const seconds = (ms: number): string => `${ms / 1_000}s`;
