// Writes what is generated from the mesh; `npm run gen` runs it once the contracts are generated.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ContractsError, readContracts } from "./contracts.ts";
import { emitReference } from "./emit/reference.ts";
import { MeshError } from "./faults.ts";
import { CLUSTER_FOLDER, MESH_FOLDER } from "./files.ts";
import { generate } from "./generate.ts";
import { readMesh } from "./shop.ts";

/** Everything in these folders is generated: what is not (any more) goes. */
function removeStrangers(folder: string, wanted: ReadonlySet<string>): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (!wanted.has(path) && statSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path);
  }
}

try {
  const mesh = await readMesh();
  const files = [...generate(mesh), ...emitReference(mesh, readContracts().registry)];
  const wanted = new Set(files.map((it) => it.path));
  for (const folder of [MESH_FOLDER, CLUSTER_FOLDER]) removeStrangers(folder, wanted);
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
} catch (error) {
  if (!(error instanceof MeshError || error instanceof ContractsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
