import type { Size } from "../contract/catalogue.ts";
import { type Exchange, exchangeOf, type Protocol } from "../contract/exchange.ts";

const SIZES: readonly Size[] = ["small", "page", "large"];

/** What tells fixed answers apart. gRPC has two names for its type. */
export function keyOf(path: string, contentType: string): string {
  return `${path} ${contentType === "application/grpc" ? "application/grpc+proto" : contentType}`;
}

/** All exchanges of some protocols, put together before the first call. */
export function exchangesByPath(protocols: readonly Protocol[]): ReadonlyMap<string, Exchange> {
  const all = protocols.flatMap((protocol) => SIZES.map((size) => exchangeOf(protocol, size)));
  return new Map(all.map((it) => [keyOf(it.path, it.contentType), it]));
}
