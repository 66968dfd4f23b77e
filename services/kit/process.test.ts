import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";

const MODULE = new URL("./process.ts", import.meta.url).href;
/** A process takes its time to start on a busy machine. */
const START_MS = 30_000;
vi.setConfig({ testTimeout: 2 * START_MS });
/** What the programs of this test have at hand. */
const PRELUDE = `
import { runProcess, runTask } from ${JSON.stringify(MODULE)};
const say = (it) => process.stdout.write(it + "\\n");
const thing = (name, close = async () => {}) => ({ drain: () => say("drain " + name), close: async () => { say("close " + name); await close(); } });
const serve = () => setInterval(() => {}, 1000);
`;

let child: ChildProcess | undefined;
afterEach(() => void child?.kill("SIGKILL"));

/** Runs a program and answers what it says, line by line, and its end. */
function run(program: string, env: Record<string, string> = {}) {
  const args = ["--input-type=module-typescript", "-e", PRELUDE + program];
  const started = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? "", ...env } });
  child = started;
  let said = "";
  for (const stream of [started.stdout, started.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const lines = () => said.split("\n").filter((it) => it.trim() !== "");
  const ended = once(started, "close").then(([code]) => code as number | null);
  return {
    lines,
    ended,
    async signalAfter(line: string, signal: NodeJS.Signals = "SIGTERM") {
      await vi.waitFor(() => expect(lines()).toContain(line), START_MS);
      started.kill(signal);
    },
  };
}

describe("a process that is told to end", () => {
  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "by %s stops what it started, last first, with 0",
    async (signal) => {
      const it = run(`runProcess(async ({ started }) => {
      started(thing("database")); started(thing("service")); serve(); say("up");
    }, { onStopping: () => say("stopping") });`);
      await it.signalAfter("up", signal);
      expect(await it.ended).toBe(0);
      expect(it.lines().slice(1)).toEqual([
        "stopping",
        "drain database",
        "drain service",
        "close service",
        "close database",
      ]);
    },
  );

  it("closes the rest when one fails to, and ends with 1", async () => {
    const it = run(`runProcess(async ({ started }) => {
      started(thing("database")); started(thing("service", () => Promise.reject(new Error("stuck")))); serve(); say("up");
    });`);
    await it.signalAfter("up");
    expect(await it.ended).toBe(1);
    expect(it.lines()).toContain("close database");
  });

  it("ends at once when told again", async () => {
    const it = run(`runProcess(async ({ started }) => {
      started(thing("service", () => new Promise(() => {}))); serve(); say("up");
    });`);
    await it.signalAfter("up");
    await it.signalAfter("close service");
    expect(await it.ended).toBe(1);
  });

  it("in the middle of its start gives up waiting, and stops what there is", async () => {
    const it = run(`runProcess(async ({ started, stopping }) => {
      started(thing("database")); serve(); say("waiting");
      await new Promise((_, reject) => stopping.addEventListener("abort", () => reject(stopping.reason)));
      started(thing("service"));
    });`);
    await it.signalAfter("waiting");
    expect(await it.ended).toBe(0);
    expect(it.lines()).toEqual(["waiting", "drain database", "close database"]);
  });
});

describe("a process that cannot start", () => {
  it("says why, stops what it had started and ends with 1", async () => {
    const it = run(`runProcess(async ({ started }) => {
      started(thing("database")); throw new Error("no luck");
    }, { onFailing: () => say("failing"), onFailed: () => say("failed") });`);
    expect(await it.ended).toBe(1);
    // What goes to the two streams comes in no order.
    for (const line of ["failing", "  Error: no luck", "failed", "close database"]) expect(it.lines()).toContain(line);
  });

  it.each([
    ["a wrong setting", "", { LOG_LEVEL: "loud" }, /^ {2}LOG_LEVEL is "loud"/],
    ["a full disk", 'throw Object.assign(new Error("x"), { code: "ENOSPC" })', {}, /^ {2}The disk is full/],
    [
      "a folder of somebody else",
      'throw Object.assign(new Error("no"), { code: "EROFS" })',
      {},
      /^ {2}no; set DATA_DIR/,
    ],
  ])("says in a sentence what a person can mend: %s", async (_, body, env, sentence) => {
    for (const runner of ["runProcess", "await runTask"]) {
      const it = run(`${runner}(async () => { ${body} });`, env);
      expect(await it.ended).toBe(1);
      expect(it.lines()).toHaveLength(1);
      expect(it.lines()[0]).toMatch(sentence);
    }
  });
});

describe("a task", () => {
  it("ends with 0 when it is done, though something is left open", async () => {
    expect(await run('await runTask(async () => { serve(); say("done"); });').ended).toBe(0);
  });

  it("that is told to end before it is done has not succeeded", async () => {
    const it = run('await runTask(async () => { serve(); say("at it"); await new Promise(() => {}); });');
    await it.signalAfter("at it");
    expect(await it.ended).toBe(1);
  });
});
