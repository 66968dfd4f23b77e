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
 * PostgreSQL refuses to run as root. Then another user runs it: the one who owns the data or its folder already, or one
 * that every system has.
 *
 * @param postgres - path of the server's program.
 * @param dataDir - an existing directory.
 * @param clusterDir - the directory that the user will own; need not exist.
 * @throws StartError when no such user can reach the program and the data.
 */
export function createLauncher(postgres: string, dataDir: string, clusterDir: string): Launcher {
  if (process.getuid?.() !== 0) return launcherOf((program, args) => [program, args, {}], undefined);
  const identity = ownerOf(clusterDir) ?? namedUser(dataDir);
  const start = waysToStart(identity).find((way) => canReach(way, postgres, dataDir));
  if (start) return launcherOf(start, identity);
  throw new StartError(
    `PostgreSQL does not run as root, and user ${identity.uid} cannot enter ${postgres} or ${dataDir}; start ` +
      "as an ordinary user, or move both to where that user can enter.",
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
    // The last one lets the capability count in access() too, by which initdb looks for the server's program.
    const grants = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, "--securebits=+no_setuid_fixup"];
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
  const [command, args, options] = start("/bin/sh", [
    "-c",
    'test -x "$0" && "$0" --version && cd "$1"',
    postgres,
    dataDir,
  ]);
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

/** Creating a database takes a user with a name; a directory shared with a container often belongs to none. */
function namedUser(dataDir: string): Identity {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  const owner = ownerOf(dataDir);
  const user =
    users.find(({ uid }) => uid === owner?.uid) ??
    UNPRIVILEGED_USERS.map((name) => users.find((user) => user.name === name)).find(Boolean);
  if (user) return { uid: user.uid, gid: user.gid };
  throw new StartError("PostgreSQL does not run as root, and there is no user nobody; start as an ordinary user.");
}
