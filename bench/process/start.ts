import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinned } from "../pinning.ts";
import type { Answered, Asked, Question, Questions, Ready } from "./messages.ts";

/** A measured process that runs. */
export interface Child<R> {
  /** What it said when it was ready. */
  readonly ready: R;
  ask<Q extends Question>(question: Q, ask: Questions[Q]["ask"]): Promise<Questions[Q]["answer"]>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 60_000;
const TAIL_CHARACTERS = 2_000;

function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeoutMs} ms`)), timeoutMs);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Starts a script of this folder as a process of its own on a core; what it logs goes to a file that ends with it. */
export async function startChild<R>(script: string, setup: object, core: "server" | "load"): Promise<Child<R>> {
  const dir = mkdtempSync(join(tmpdir(), "shopmesh-bench-"));
  const logPath = join(dir, "log");
  const log = openSync(logPath, "w");
  const [program = process.execPath, ...args] = pinned(core, [
    process.execPath,
    join(import.meta.dirname, "..", script),
  ]);
  const child = spawn(program, args, {
    stdio: ["ignore", log, log, "ipc"],
    env: { ...process.env, NODE_ENV: "production", BENCH_SETUP: JSON.stringify(setup) },
  });
  closeSync(log);
  const waiting = new Map<number, (answer: unknown) => void>();
  const ready = Promise.withResolvers<R>();
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {}); // looked at only by those who wait for something
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => ended.reject(error));
    child.once("exit", (code) => {
      const tail = readFileSync(logPath, "utf8").slice(-TAIL_CHARACTERS);
      ended.reject(new Error(`${script} ended with ${code}:\n${tail}`));
      rmSync(dir, { recursive: true, force: true });
      resolve();
    });
  });
  child.on("message", (message: Ready | Answered) => {
    if ("ready" in message) return ready.resolve(message.ready as R);
    waiting.get(message.id)?.(message.answer);
    waiting.delete(message.id);
  });
  let lastId = 0;
  return {
    ready: await within(Promise.race([ready.promise, ended.promise]), START_TIMEOUT_MS, `The start of ${script}`),
    ask(question, ask) {
      const id = ++lastId;
      const answer = new Promise<unknown>((resolve) => waiting.set(id, resolve));
      child.send({ id, question, ask } satisfies Asked);
      const first = Promise.race([answer, ended.promise]);
      return within(first, ANSWER_TIMEOUT_MS, `${script}'s answer`) as Promise<never>;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
