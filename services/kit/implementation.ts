import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";

/** A contract and what implements it. */
export interface Implementation {
  readonly service: DescService;
  readonly methods: Readonly<Record<string, unknown>>;
}

/** Joins a contract and its implementation: a plain Connect `ServiceImpl`, so handlers know nothing of the kit. */
export function implement<T extends DescService>(service: T, methods: ServiceImpl<T>): Implementation {
  return { service, methods: methods as Readonly<Record<string, unknown>> };
}
