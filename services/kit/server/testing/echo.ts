import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { HandlerContext } from "@connectrpc/connect";
import { pino } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";
import { implement } from "#kit/implementation.ts";
import { deadline } from "#kit/pipeline/deadline.ts";
import { createPipeline } from "#kit/pipeline/pipeline.ts";
import { echoContract } from "#kit/testing/contract.ts";
import type { Limits } from "../limits.ts";
import type { Listener } from "../listen.ts";
import { serveRpcs } from "../rpc-server.ts";
import type { PortTls } from "../tls-server.ts";

export const Echo = echoContract();

export interface EchoServer extends Listener {
  /** How often handlers began, and how many are at it. */
  readonly calls: { begun: number; running: number };
  /** Lets those go that were asked to wait. */
  release(): void;
  /** What went wrong without a client to blame. */
  readonly errors: unknown[];
}

/**
 * Serves `EchoService` with nothing but deadlines around it. Say answers its text (and the headers that begin with "x-", and
 * with "t-" as trailers), "big:<bytes>" so many bytes, "unsendable" with a trailer that no header may hold, "wait" when it is
 * released. Internal is refused before its request is read. Watch repeats its text until the client has gone.
 */
export async function startEcho(limits: Partial<Limits> = {}, tls?: PortTls): Promise<EchoServer> {
  const calls = { begun: 0, running: 0 };
  const errors: unknown[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const say = ({ value }: { value: string }, context: HandlerContext) => {
    calls.begun += 1;
    for (const [name, text] of context.requestHeader) {
      if (name.startsWith("x-")) context.responseHeader.set(name, text);
      if (name.startsWith("t-")) context.responseTrailer.set(name, text);
    }
    const bytes = /^big:(\d+)$/.exec(value)?.[1];
    if (bytes !== undefined) return { value: "b".repeat(Number(bytes)) };
    if (value === "unsendable") context.responseTrailer.set("x-bad", "\u0001");
    if (value !== "wait") return { value };
    calls.running += 1;
    context.signal.addEventListener("abort", () => {
      calls.running -= 1;
    });
    return released.then(() => ({ value }));
  };
  async function* watch({ value }: { value: string }, context: HandlerContext) {
    calls.running += 1;
    try {
      for (;;) {
        yield { value };
        if (value === "quiet") await delay(2 ** 31 - 1, undefined, { signal: context.signal });
      }
    } finally {
      calls.running -= 1;
    }
  }
  const methods = Object.fromEntries(Echo.methods.map((it) => [it.localName, it.methodKind === "unary" ? say : watch]));
  const pipeline = createPipeline(
    {
      admission: [
        deadline(),
        ({ method }) => {
          if (method.name === "Internal") throw callFailure(ErrorReason.CALLER_NOT_ALLOWED, "Not for you.");
        },
      ],
      checks: [],
    },
    pino({ level: "silent" }),
  );
  const listener = await serveRpcs({
    name: "product",
    host: "127.0.0.1",
    port: 0,
    services: [implement(Echo, methods as never)],
    pipeline,
    messages: { responseMaxBytes: 16 * 1_024 * 1_024 },
    fallback: (_, response) => void (response as ServerResponse).end("plain"),
    onError: (error) => errors.push(error),
    tls,
    limits,
  });
  return { ...listener, calls, errors, release: () => release() };
}

/** The path of an RPC of the echo. */
export function pathOf(rpc: string): string {
  return `/${Echo.typeName}/${rpc}`;
}

/** Whether a call from a client of good conduct is answered. */
export async function isWell(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}${pathOf("Say")}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '"well"',
  });
  return (await response.text()) === '"well"';
}
