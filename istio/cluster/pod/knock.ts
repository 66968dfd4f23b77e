import type { ClientHttp2Session } from "node:http2";
import { call, type Outcome } from "./grpc.ts";

/** One call, and how long the caller would wait. */
export interface Knock {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly patienceMs: number;
}

/** How a call ended, and how long that took. */
export interface Knocked extends Omit<Outcome, "headers"> {
  readonly tookMs: number;
}

/** Makes calls on a connection: all at once, or one after the other. */
export async function knockAll(options: {
  readonly session: ClientHttp2Session;
  readonly authority: string;
  readonly knocks: readonly Knock[];
  readonly atOnce: boolean;
}): Promise<Knocked[]> {
  const { session, authority, knocks } = options;
  const one = async ({ path, headers, patienceMs }: Knock): Promise<Knocked> => {
    const startMs = performance.now();
    const { headers: _, ...outcome } = await call(session, { path, headers, authority, timeoutMs: patienceMs });
    return { ...outcome, tookMs: performance.now() - startMs };
  };
  if (options.atOnce) return Promise.all(knocks.map(one));
  const results: Knocked[] = [];
  for (const it of knocks) results.push(await one(it));
  return results;
}
