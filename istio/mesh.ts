// What the contracts make of the mesh, as a page, as JSON, or compared with an earlier commit: `npm run mesh`.
import { parseArgs, styleText } from "node:util";
import { meshAtRef, RefError } from "./at-ref.ts";
import { ContractsError, readContracts } from "./contracts.ts";
import { diffMeshes } from "./diff.ts";
import { MeshError } from "./faults.ts";
import { meshJson } from "./json.ts";
import { type Mesh, meshOf } from "./model.ts";
import { printMesh } from "./print.ts";
import { printDiff } from "./print-diff.ts";
import { readDeployments } from "./shop.ts";

const USAGE = `Usage: npm run mesh -- [options]

Shows the mesh that the contracts in proto/ describe: who may call what, on which terms.

  --diff <git ref>   only what is different from that commit, what opens access first
  --json             for machines
  --help             this text`;

const OPTIONS = {
  json: { type: "boolean" },
  diff: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The mesh of this checkout, from proto/ itself, so that nothing needs to be generated first. */
async function currentMesh(): Promise<Mesh> {
  const { services, standard } = readContracts();
  return meshOf(services, await readDeployments(), standard);
}

async function textOf({ json = false, diff }: { json?: boolean; diff?: string }): Promise<string> {
  if (diff === undefined) return json ? `${JSON.stringify(meshJson(await currentMesh()), undefined, 2)}\n` : page();
  const { mesh, commit, notes } = await meshAtRef(diff);
  const changes = diffMeshes(mesh, await currentMesh());
  if (json) return `${JSON.stringify({ version: 1, ref: diff, commit, notes, changes }, undefined, 2)}\n`;
  return printDiff({ ref: diff, commit, notes, changes }, styleText);
}

async function page(): Promise<string> {
  return printMesh(await currentMesh(), styleText);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  let options: { json?: boolean; diff?: string; help?: boolean };
  try {
    options = parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
  if (options.help) return console.log(USAGE);
  try {
    process.stdout.write(await textOf(options));
  } catch (error) {
    if (error instanceof MeshError || error instanceof RefError || error instanceof ContractsError)
      return fail(error.message);
    throw error;
  }
}

await main();
