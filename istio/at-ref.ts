import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Deployment } from "#kit/deployment.ts";
import { workloadOf } from "#kit/policy.ts";
import { DEFAULT_PORTS } from "#kit/settings.ts";
import { ContractsError, ROOT, readContracts, writeDependencies } from "./contracts.ts";
import { MeshError } from "./faults.ts";
import { KIT_PACKAGE, type Mesh, meshOf } from "./model.ts";
import { readDeployments } from "./shop.ts";
import { listWords } from "./words.ts";

/** The mesh as it was at a commit. */
export interface MeshAtRef {
  readonly mesh: Mesh;
  /** The commit's short id. */
  readonly commit: string;
  /** What could not be read of that commit and was taken from this checkout, in sentences. */
  readonly notes: readonly string[];
}

/** There is no mesh at that ref; the message says why. */
export class RefError extends Error {}

/** Of a service that neither said anything about itself then nor is there now. */
const UNKNOWN: Deployment = { store: "none", size: { cpuMillis: 0, memoryMiB: 0, memoryMaxMiB: 0 } };
const ARCHIVE_MAX_BYTES = 256 * 1024 * 1024;

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The full id of the commit that a ref names. */
function commitOf(ref: string): string {
  const commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`);
  if (commit === undefined || commit === "") throw new RefError(`"${ref}" is no commit of this repository.`);
  return commit;
}

/** Writes those of the paths that the commit has into a folder. */
function extract(commit: string, paths: readonly string[], folder: string): void {
  const found = paths.filter((it) => git("cat-file", "-e", `${commit}:${it}`) !== undefined);
  if (found.length === 0) return;
  const archive = execFileSync("git", ["archive", commit, ...found], { cwd: ROOT, maxBuffer: ARCHIVE_MAX_BYTES });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
}

/** Something that a TypeScript file of the commit exports, or undefined. */
async function exported<T>(file: string, name: string): Promise<T | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const module: Readonly<Record<string, T>> = await import(pathToFileURL(file).href);
    return module[name];
  } catch {
    return undefined; // It needs what is not there any more.
  }
}

/** What services said about themselves; those that said nothing are listed, and taken for what they say now. */
async function deploymentsIn(folder: string, names: ReadonlySet<string>) {
  const now = await readDeployments();
  const found = await Promise.all(
    [...names].map(async (name) => {
      const then = await exported<Deployment>(join(folder, `services/${name}/deployment.ts`), "deployment");
      return { name, then, deployment: then ?? now[name] ?? UNKNOWN };
    }),
  );
  return {
    deployments: Object.fromEntries(found.map(({ name, deployment }) => [name, deployment])),
    silent: found.filter(({ then }) => then === undefined).map(({ name }) => name),
  };
}

async function meshIn(folder: string, ref: string): Promise<{ mesh: Mesh; notes: string[] }> {
  const { services, standard } = readContracts(folder);
  const names = new Set(services.filter((it) => !it.typeName.startsWith(KIT_PACKAGE)).map(workloadOf));
  const { deployments, silent } = await deploymentsIn(folder, names);
  const ports = await exported<Record<string, number>>(join(folder, "services/kit/settings.ts"), "DEFAULT_PORTS");
  const notes: string[] = [];
  if (silent.length > 0)
    notes.push(`At ${ref} there is no deployment.ts of ${listWords(silent)}: compared by their contracts alone.`);
  if (ports === undefined) notes.push(`The ports at ${ref} cannot be read: they are taken for what they are now.`);
  return { mesh: meshOf(services, deployments, standard, ports ?? DEFAULT_PORTS), notes };
}

/**
 * The mesh of an earlier commit: its contracts as they were, and what its services said about themselves.
 * @throws RefError when there is no such commit, or no mesh at it
 */
export async function meshAtRef(ref: string): Promise<MeshAtRef> {
  const commit = commitOf(ref);
  writeDependencies();
  // Within the checkout, so that what is imported from there finds the packages.
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".cache/mesh-"));
  try {
    const services = (git("ls-tree", "--name-only", commit, "services/") ?? "").split("\n");
    extract(commit, ["proto", "buf.yaml", "services/kit", ...services.map((it) => `${it}/deployment.ts`)], folder);
    if (!existsSync(join(folder, "proto"))) throw new RefError(`There are no contracts at ${ref}.`);
    cpSync(join(ROOT, ".cache/proto"), join(folder, ".cache/proto"), { recursive: true });
    return { ...(await meshIn(folder, ref)), commit: commit.slice(0, 7) };
  } catch (error) {
    if (error instanceof ContractsError) throw new RefError(`The contracts at ${ref} cannot be read: ${error.message}`);
    if (error instanceof MeshError) throw new RefError(`At ${ref}: ${error.message}`);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
