// Every static check, one after the other; all are run, so that one look shows everything: `npm run check`.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

interface Check {
  readonly name: string;
  /** Answers what is wrong, or undefined. */
  run(): string | undefined;
}

function command(name: string, program: string, ...args: string[]): Check {
  return {
    name,
    run() {
      const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
      return status === 0 ? undefined : `${stdout}${stderr}`.trim();
    },
  };
}

/** Where everything is generated, and the documents that are. */
const GENERATED = [
  "gen",
  "istio/generated",
  "k8s/base/generated",
  "docs/api.md",
  "docs/openapi.yaml",
  "compose.yaml",
  ".env.example",
];

/** All files at a path, its own included. */
function filesAt(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path).flatMap((it) => filesAt(join(path, it)));
}

/** What is generated, each file as one hash. */
function hashes(): Map<string, string> {
  const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
  return new Map(GENERATED.flatMap(filesAt).map((it) => [it, hash(it)]));
}

/** Generates anew and compares: what is generated must be what proto/ says, and every call must have a policy that can be kept. */
const drift: Check = {
  name: "every call states its policy, and what is generated is up to date",
  run() {
    const before = hashes();
    const { status, stderr } = spawnSync("node", ["scripts/gen.ts"], { encoding: "utf8" });
    if (status !== 0) return stderr;
    const after = hashes();
    const names = [...new Set([...before.keys(), ...after.keys()])].filter((it) => before.get(it) !== after.get(it));
    return names.length === 0
      ? undefined
      : `Generated files did not match the contracts and were generated anew; commit them:\n${names.join("\n")}`;
  },
};

/** The commit that contracts are compared with: $BASE, else where this branch left main, else the commit before. */
function baseline(): string | undefined {
  const candidates = [process.env.BASE, "origin/main", "HEAD~1"].filter((it) => it !== undefined && it !== "");
  return candidates.find((it) => spawnSync("git", ["rev-parse", "--verify", "--quiet", `${it}^{commit}`]).status === 0);
}

/** No contract may change so that data on disk or clients in the field cease to understand it. */
const breaking: Check = {
  name: "contracts stay compatible (buf breaking)",
  run() {
    const base = baseline();
    if (base === undefined) return undefined;
    const dir = ".cache/baseline";
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    const archive = spawnSync("git", ["archive", base, "proto", "buf.yaml"], { maxBuffer: 64 * 1024 * 1024 });
    if (archive.status !== 0) return undefined; // there were no contracts then
    spawnSync("tar", ["-x", "-C", dir], { input: archive.stdout });
    if (!existsSync(`${dir}/proto`)) return undefined;
    cpSync(".cache/proto", `${dir}/.cache/proto`, { recursive: true });
    return command("", "buf", "breaking", "--against", dir).run();
  },
};

const checks: readonly Check[] = [
  drift,
  command("contracts follow the rules (buf lint)", "buf", "lint"),
  command("contracts are formatted", "buf", "format", "--diff", "--exit-code", "proto"),
  breaking,
  command("types (tsc)", "tsc", "-p", ".", "--noEmit"),
  command("style, imports and the law of imports (biome)", "biome", "check", "."),
  command("nothing unused (knip)", "knip", "--no-progress"),
];

let failed = 0;
for (const check of checks) {
  const fault = check.run();
  console.log(`${fault === undefined ? "✓" : "✗"} ${check.name}`);
  if (fault !== undefined) console.log(`\n${fault}\n`);
  failed += fault === undefined ? 0 : 1;
}
console.log(failed === 0 ? "\nEverything is in order." : `\n${failed} of ${checks.length} checks failed.`);
process.exit(failed === 0 ? 0 : 1);
