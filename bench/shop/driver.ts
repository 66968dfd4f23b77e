// Makes gRPC calls that all differ, in a process of its own: reads a job from its input and writes the result to its
// output. h2load and ghz cannot give each call a user and a message of its own.

import { type ClientHttp2Session, connect } from "node:http2";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { DriverJob, DriverResult, JobCall } from "./drive.ts";

const MS_PER_SECOND = 1_000;

function make(session: ClientHttp2Session, path: string, call: JobCall): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...call.headers,
    });
    let status: string | undefined;
    const onHeaders = (headers: Readonly<Record<string, unknown>>) => {
      status ??= headers["grpc-status"] as string | undefined;
    };
    stream.on("response", onHeaders);
    stream.on("trailers", onHeaders);
    stream.on("error", reject);
    stream.on("close", () => resolve(status ?? "missing"));
    stream.resume();
    stream.end(Buffer.from(call.frame, "base64"));
  });
}

async function run({ origin, path, calls, concurrency, connections, rate }: DriverJob): Promise<DriverResult> {
  const sessions = Array.from({ length: connections }, () => connect(origin));
  await Promise.all(sessions.map((it) => new Promise((resolve) => it.once("connect", resolve))));
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const beginMs = performance.now();
  let next = 0;
  const work = async () => {
    for (let index = next++; index < calls.length; index = next++) {
      const dueMs = rate === undefined ? beginMs : beginMs + (index / rate) * MS_PER_SECOND;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      const startMs = performance.now();
      const status = await make(sessions[index % connections] as ClientHttp2Session, path, calls[index] as JobCall);
      latenciesMs.push(performance.now() - startMs);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - beginMs) / MS_PER_SECOND;
  for (const it of sessions) it.close();
  return { latenciesMs, seconds, statuses };
}

process.stdout.write(JSON.stringify(await run((await json(process.stdin)) as DriverJob)));
