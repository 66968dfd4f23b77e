import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Guard, startGuard } from "./guard.ts";
import { freePort } from "./ports.ts";
import { endProcess, signalAll } from "./process-group.ts";

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
  /** Tells how a server ended by itself, "SIGKILL", and which log says more; not when one of these ended it, nor that it did not start. */
  onDeath(tell: (how: string, logFile: string) => void): void;
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

/** Several servers that are one engine: what is done to it is done to each of them. */
export type ServerSet = Pick<TestServer, "stop" | "kill" | "pause" | "resume" | "restart" | "onDeath" | "close">;

/** Does to all members of a set at once what is done to it. */
export function together(members: readonly TestServer[]): ServerSet {
  const each = (doTo: (it: TestServer) => Promise<void>) => async () => void (await Promise.all(members.map(doTo)));
  return {
    stop: each((it) => it.stop()),
    kill: each((it) => it.kill()),
    pause: each((it) => it.pause()),
    resume: each((it) => it.resume()),
    restart: each((it) => it.restart()),
    onDeath(tell) {
      for (const it of members) it.onDeath(tell);
    },
    close: each((it) => it.close()),
  };
}

/** Long, since eight servers may start on a machine that is busy already. */
const READY_TIMEOUT_MS = 90_000;
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
  /** While it starts, and once it has been told to end. */
  let mayEnd = true;
  let tellDeath = (_how: string, _logFile: string): void => {};
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
    started.on("exit", (code, signal) => {
      if (!mayEnd) tellDeath(signal ?? `exit code ${code}`, logFile);
    });
    started.unref();
    guard.watch(started.pid);
    await untilReady(options, port, output, () => {
      if (failure || started.exitCode !== null || started.signalCode !== null)
        throw new Error(`${name} did not start: ${failure || output().slice(-OUTPUT_MAX_CHARS)}`);
    });
    mayEnd = false;
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    mayEnd = true;
    if (child?.pid === undefined) return;
    await endProcess(child.pid, signal);
    guard.watch(undefined);
  }

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
    pause: () => signalAll(child?.pid, "SIGSTOP"),
    resume: () => signalAll(child?.pid, "SIGCONT"),
    async restart() {
      await end(stopSignal);
      await start();
    },
    onDeath(tell) {
      tellDeath = tell;
    },
    async close() {
      closed = true;
      await end(options.folder === undefined ? "SIGKILL" : stopSignal);
      await guard.end();
    },
  };
}

/** Asks until it is ready; `check` throws when it never will be. */
async function untilReady(
  { name, isReady }: ServerOptions,
  port: number,
  output: () => string,
  check: () => void,
): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    check();
    try {
      return void (await isReady(port));
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`${name} did not get ready: ${error}; it logged ${output().slice(-OUTPUT_MAX_CHARS)}`);
    }
    await sleep(POLL_MS);
  }
}

function readLog(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
