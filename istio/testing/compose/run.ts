import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { startServer, type TestServer } from "#kit/testing/engines/server.ts";
import { ROOT } from "../../contracts.ts";
import type { Container } from "../../emit/compose/container.ts";
import { findPlaces, type Places } from "./places.ts";
import type { Project } from "./project.ts";
import { SERVERS } from "./servers.ts";

/** A project of Compose that runs without containers. */
export interface RunningProject {
  /** Who was well by their own health check, in the order in which they were. */
  readonly healthy: readonly string[];
  /** The port of this machine that stands for a container's. */
  portOf: Places["portOf"];
  /** What a container has written so far. */
  output(name: string): string;
  /** Runs a container that was left for later to its end. @throws Error with what it says when it fails */
  runOnce(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Of the images' own environments. */
const IMAGE_ENV = { NODE_ENV: "production", DATA_DIR: "/nowhere" };
/** Health checks whose program only the container has: its server's port is asked instead. */
const PROGRAMS_ELSEWHERE = ["mongosh", "mc"];
/** What runs to its end. */
const isOnce = ({ restart }: Container) => restart === "no";

/** What the variables are for a process, all of them: nothing of this one's own goes along. */
const envOf = (name: string, { environment = {} }: Container, places: Places) => ({
  PATH: process.env.PATH ?? "",
  ...IMAGE_ENV,
  ...Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, places.here(name, value)])),
});

/** A command with exactly these variables, in the folder that the image works in. */
function inImage(env: Readonly<Record<string, string>>, command: readonly string[]): string[] {
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return ["/usr/bin/env", "-i", ...variables, "/bin/sh", "-c", 'cd "$0" && exec "$@"', ROOT, ...command];
}

async function runOnce([program = "", ...args]: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${args.at(-1)} ended with ${code}: ${(await said).join("")}`);
}

/** The question that a container asks of itself, as Docker asks it. */
function healthOf(name: string, it: Container, places: Places): () => Promise<void> {
  const [form, ...words] = it.healthcheck?.test ?? [];
  const command = words.map((word) => places.here(name, word));
  const whole = form === "CMD-SHELL" ? ["/bin/sh", "-c", ...command] : command;
  return () => runOnce(inImage(envOf(name, it, places), whole));
}

/** Whether somebody listens. */
function listens(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    }).on("error", reject);
  });
}

/** Starts a container's program and waits until it is well. */
async function startProgram(name: string, it: Container, places: Places): Promise<TestServer> {
  const env = envOf(name, it, places);
  const own = [...(it.entrypoint ?? []), ...(it.command ?? [])].map((word) => places.here(name, word));
  const local = SERVERS[name];
  const [, program = ""] = it.healthcheck?.test ?? [];
  const health = healthOf(name, it, places);
  return startServer({
    name,
    port: places.firstPortOf(name),
    user: local?.user,
    stopSignal: local?.stopSignal ?? "SIGTERM",
    command: async (port, folder) =>
      inImage(env, (await local?.command(own, env, { port, folder })) ?? [process.execPath, ...own]),
    isReady: PROGRAMS_ELSEWHERE.includes(program) ? listens : health,
    url: (port) => `http://127.0.0.1:${port}`,
  });
}

/**
 * Runs a project: each container's own command with its own variables, in the order in which they wait for each other.
 * @param later containers that are not started
 */
export async function runProject(project: Project, later: readonly string[]): Promise<RunningProject> {
  const { services } = project;
  const folder = await mkdtemp(join(tmpdir(), "shopmesh-compose-"));
  const places = await findPlaces(project, folder);
  const servers = new Map<string, TestServer>();
  const starting = new Map<string, Promise<void>>();
  const once = (name: string, it: Container) => {
    const command = [process.execPath, ...(it.command ?? []).map((word) => places.here(name, word))];
    return runOnce(inImage(envOf(name, it, places), command));
  };
  const startContainer = async (name: string, it: Container) => {
    await Promise.all(Object.keys(it.depends_on ?? {}).map(start));
    for (const { source, volume } of it.volumes ?? [])
      if (volume?.subpath === undefined) await mkdir(join(folder, source), { recursive: true });
    await places.writeConfigs(name);
    if (isOnce(it)) return once(name, it);
    servers.set(name, await startProgram(name, it, places));
  };
  const start = (name: string): Promise<void> => {
    const it = services[name];
    if (it === undefined || later.includes(name)) return Promise.resolve();
    const started = starting.get(name) ?? startContainer(name, it);
    starting.set(name, started);
    return started;
  };
  const close = async () => {
    await Promise.allSettled(starting.values());
    for (const it of [...servers.values()].reverse()) await it.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(Object.keys(services).map(start));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    healthy: [...servers.keys()],
    portOf: places.portOf,
    output: (name) => servers.get(name)?.output() ?? "",
    runOnce: (name) => once(name, services[name] as Container),
    close,
  };
}
