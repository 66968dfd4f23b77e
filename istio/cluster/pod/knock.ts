import { call, type Outcome } from "./grpc.ts";
import { connectPlain } from "./identity.ts";
import { answer, input } from "./input.ts";

/** Calls by way of the container's own sidecar, all at once. */
export interface KnockInput {
  readonly host: string;
  readonly port: number;
  readonly knocks: readonly Knock[];
}

/** One call. */
export interface Knock {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How long the caller would wait. */
  readonly patienceMs: number;
}

/** How a call ended, and how long that took. */
export interface Knocked extends Omit<Outcome, "headers"> {
  readonly tookMs: number;
}

const { host, port, knocks } = input<KnockInput>();
const session = connectPlain({ host, port, spiffe: "" });
const results = knocks.map(async ({ path, headers, patienceMs }): Promise<Knocked> => {
  const startMs = performance.now();
  const { headers: _, ...outcome } = await call(session, {
    path,
    headers,
    authority: `${host}:${port}`,
    timeoutMs: patienceMs,
  });
  return { ...outcome, tookMs: performance.now() - startMs };
});
answer(await Promise.all(results));
