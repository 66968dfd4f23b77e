import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isAlive, sendSignal } from "#kit/embedded-postgres/process.ts";
import { type Guard, startGuard } from "./guard.ts";
import { freePort } from "./ports.ts";

/** A real server that a test has started and does with as it likes. */
export interface TestServer {
  /** Where it is, as the settings of a service take it. */
  readonly url: string;
  readonly port: number;
  /** Its first process; another one after `restart`. */
  readonly pid: number;
  /** The folder of its data and its log. */
  readonly folder: string;
  /** What it has logged so far. */
  output(): string;
  /** Ends it in good order; its data stays for `restart`. */
  stop(): Promise<void>;
  /** Ends it as a power cut would; its data stays for `restart`. */
  kill(): Promise<void>;
  /** Freezes it: connections stay open, and nothing answers. */
  pause(): Promise<void>;
  /** Lets it go on. */
  resume(): Promise<void>;
  /** Starts it again, on the same port, with the same data; ends it in good order first where it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. A test run that dies does as much. */
  close(): Promise<void>;
}

/** How a server is started. */
export interface ServerOptions {
  /** "redis": for folders and errors. */
  readonly name: string;
  /** Where its data stays; a temporary folder that goes when the server does, when undefined. */
  readonly folder?: string | undefined;
  /** A free one, when undefined. */
  readonly port?: number | undefined;
  /** The program and its arguments; before each start, so it may write configuration. */
  readonly command: (port: number, folder: string) => Promise<readonly string[]>;
  readonly env?: Readonly<Record<string, string>>;
  /** Whom it runs as, where that is not who runs the test. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Rejects while it is not ready. */
  readonly isReady: (port: number) => Promise<unknown>;
  readonly url: (port: number) => string;
  /** Ends it in good order. */
  readonly stopSignal?: NodeJS.Signals;
}

/** Long, since eight servers may start on a machine that is busy already. */
const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 25;
const OUTPUT_MAX_CHARS = 3_000;
const PORT_TRIES_MAX = 3;
const PORT_TAKEN = /address (is )?already in use|errno: 98|EADDRINUSE|BindException/i;

/** Starts a server and waits until it is ready; its port is its own. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  for (let tries = 1; ; tries++) {
    const server = await prepare(options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      // Somebody else may have taken the port between looking and listening.
      const again = options.port === undefined && tries < PORT_TRIES_MAX && PORT_TAKEN.test(server.output());
      await server.close();
      if (!again) throw error;
    }
  }
}

async function prepare(options: ServerOptions): Promise<TestServer> {
  const { name, user, stopSignal = "SIGTERM" } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), `shopmesh-${name}-`));
  mkdirSync(folder, { recursive: true });
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const port = options.port ?? (await freePort());
  const guard: Guard = startGuard(options.folder === undefined ? folder : undefined);
  const logFile = join(folder, "log");
  let child: ChildProcess | undefined;
  let closed = false;
  const output = () => readLog(logFile);

  async function start(): Promise<void> {
    const [program = "", ...args] = await options.command(port, folder);
    // From here to where it is guarded nothing is waited for.
    if (closed) throw new Error(`${name} is closed and does not start again`);
    const log = openSync(logFile, "a");
    const env = { ...process.env, ...options.env };
    // Detached: a process group of its own, which is ended as a whole, and not by the Ctrl-C that ends the test.
    const started = spawn(program, args, { cwd: folder, env, detached: true, stdio: ["ignore", log, log], ...user });
    closeSync(log);
    child = started;
    let failure = "";
    started.on("error", (error) => (failure = error.message));
    started.unref();
    guard.watch(started.pid);
    await ready(() => {
      if (failure || started.exitCode !== null || started.signalCode !== null)
        throw new Error(`${name} did not start: ${failure || output().slice(-OUTPUT_MAX_CHARS)}`);
    });
  }

  async function ready(check: () => void): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      check();
      try {
        return void (await options.isReady(port));
      } catch (error) {
        if (Date.now() > deadline)
          throw new Error(`${name} did not get ready: ${error}; it logged ${output().slice(-OUTPUT_MAX_CHARS)}`);
      }
      await sleep(POLL_MS);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const pid = child?.pid;
    if (pid === undefined || !isAlive(pid)) return;
    const pids = signal === "SIGKILL" ? [pid, ...(await descendants(pid))] : [pid];
    for (const it of pids) sendSignal(it, signal);
    // What is paused does not even take this.
    if (signal !== "SIGKILL") await resume();
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (pids.some(isAlive)) {
      if (Date.now() > deadline) return end("SIGKILL");
      await sleep(POLL_MS);
    }
    guard.watch(undefined);
  }

  async function signalAll(signal: NodeJS.Signals): Promise<void> {
    const pid = child?.pid;
    if (pid === undefined || !isAlive(pid)) return;
    // The first process first: it makes no more of them then.
    sendSignal(pid, signal);
    for (const it of await descendants(pid)) sendSignal(it, signal);
  }
  const resume = () => signalAll("SIGCONT");

  return {
    url: options.url(port),
    port,
    folder,
    get pid() {
      return child?.pid ?? 0;
    },
    output,
    stop: () => end(stopSignal),
    kill: () => end("SIGKILL"),
    pause: () => signalAll("SIGSTOP"),
    resume,
    async restart() {
      await end(stopSignal);
      await start();
    },
    async close() {
      closed = true;
      await end(options.folder === undefined ? "SIGKILL" : stopSignal);
      await guard.end();
    },
  };
}

function readLog(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** All processes below one. */
async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((it) => it.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.flatMap(([child = 0, of]) => (of === parent ? [child, ...below(child)] : []));
  return below(pid);
}
