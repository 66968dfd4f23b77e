const GRPC = /^(\d{1,8})([HMSmun])$/;
const CONNECT = /^\d{1,10}$/;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };
const GRPC_DIGITS_MAX = 99_999_999;

/** The milliseconds of a `grpc-timeout` header: "100m"; NaN for one that is malformed. */
export function readGrpcTimeout(value: string): number {
  const [, digits, unit] = GRPC.exec(value) ?? [];
  return digits === undefined || unit === undefined ? Number.NaN : Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
}

/** The milliseconds of a `connect-timeout-ms` header; NaN for one that is malformed. */
export function readConnectTimeout(value: string): number {
  return CONNECT.test(value) ? Number(value) : Number.NaN;
}

/** A `grpc-timeout` header for that many milliseconds, rounded up, so that nobody gives up before the caller does. */
export function writeGrpcTimeout(ms: number): string {
  if (ms <= 0) return "0m";
  if (ms <= GRPC_DIGITS_MAX) return `${Math.ceil(ms)}m`;
  const seconds = Math.ceil(ms / 1_000);
  return seconds <= GRPC_DIGITS_MAX ? `${seconds}S` : `${Math.min(GRPC_DIGITS_MAX, Math.ceil(ms / 3_600_000))}H`;
}
