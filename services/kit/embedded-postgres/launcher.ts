import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { chownSync, readFileSync, statSync } from "node:fs";
import { StartError } from "../start-error.ts";

/** A user that is not root, by number. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Starts PostgreSQL's programs as a user that PostgreSQL accepts. */
export interface Launcher {
  /**
   * Runs a program in a session of its own, so that Ctrl-C in the terminal reaches Shopmesh and not the database,
   * which Shopmesh stops when everything that uses it has ended.
   */
  launch(program: string, args: readonly string[], stdio: SpawnOptions["stdio"]): ChildProcess;
  /** Gives a file or directory to the user that the programs run as. */
  own(path: string): void;
}

type Start = (program: string, args: readonly string[]) => readonly [string, readonly string[], SpawnOptions];

/** PG… variables of the user's shell would change what the programs do; a fixed locale keeps messages readable here. */
const ENVIRONMENT = { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" };
const UNPRIVILEGED_USERS = ["postgres", "nobody"];

/**
 * PostgreSQL refuses to run as root. Then another user runs it: the one who owns the data already, or one that every
 * system has.
 *
 * @param postgres - path of the server's program.
 * @param dataDir - an existing directory.
 * @param clusterDir - the directory that the user will own; need not exist.
 * @throws StartError when no such user can reach the program and the data.
 */
export function createLauncher(postgres: string, dataDir: string, clusterDir: string): Launcher {
  if (process.getuid?.() !== 0) return launcherOf((program, args) => [program, args, {}], undefined);
  const identity = ownerOf(clusterDir) ?? ownerOf(dataDir) ?? unprivilegedUser();
  const start = waysToStart(identity).find((way) => canReach(way, postgres, dataDir));
  if (start) return launcherOf(start, identity);
  throw new StartError(
    `PostgreSQL does not run as root, and user ${identity.uid} can enter ${postgres} or ${dataDir} not at all; start ` +
      "as an ordinary user, or move both out of root's home.",
  );
}

function launcherOf(start: Start, identity: Identity | undefined): Launcher {
  return {
    launch(program, args, stdio) {
      const [command, commandArgs, options] = start(program, args);
      return spawn(command, commandArgs, {
        ...options,
        stdio,
        detached: true,
        cwd: "/",
        env: ENVIRONMENT,
      });
    },
    own(path) {
      if (identity) chownSync(path, identity.uid, identity.gid);
    },
  };
}

/** From least to most privilege. A clone in /root needs some: other users cannot enter it. */
function waysToStart({ uid, gid }: Identity): Start[] {
  const withCapability = (capability: string): Start => {
    const flags = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    const grants = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`];
    return (program, args) => ["setpriv", [...flags, ...grants, "--", program, ...args], {}];
  };
  // Containers usually lack the first capability and have the second.
  return [
    (program, args) => [program, args, { uid, gid }],
    withCapability("dac_read_search"),
    withCapability("dac_override"),
  ];
}

function canReach(start: Start, postgres: string, dataDir: string): boolean {
  const [command, args, options] = start("/bin/sh", ["-c", '"$0" --version && cd "$1"', postgres, dataDir]);
  return (
    spawnSync(command, args, {
      ...options,
      stdio: "ignore",
      cwd: "/",
      env: ENVIRONMENT,
    }).status === 0
  );
}

function ownerOf(path: string): Identity | undefined {
  const owner = statSync(path, { throwIfNoEntry: false });
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : undefined;
}

function unprivilegedUser(): Identity {
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of UNPRIVILEGED_USERS) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StartError("PostgreSQL does not run as root, and there is no user nobody; start as an ordinary user.");
}
