import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { STANDARD_SERVICES } from "./model.ts";

/** This checkout. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The contracts as proto/ has them now, comments included; what is generated in gen/ keeps no comments. */
export interface Contracts {
  readonly registry: FileRegistry;
  /** Every service of the shop, in the order of gen/services.js. */
  readonly services: readonly DescService[];
  /** gRPC's own services. */
  readonly standard: readonly DescService[];
}

/** The contracts cannot be read; the message says why. */
export class ContractsError extends Error {}

const BUF = join(ROOT, "node_modules/.bin/buf");
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

/** Contracts that npm packages bring, in .cache/proto; a fresh checkout has none yet. */
export function writeDependencies(): void {
  if (existsSync(join(ROOT, ".cache/proto/buf/validate/validate.proto"))) return;
  execFileSync(process.execPath, ["scripts/gen.ts", "--deps-only"], { cwd: ROOT });
}

function build(folder: string): Uint8Array {
  try {
    return execFileSync(BUF, ["build", "--as-file-descriptor-set", "-o", "-#format=binpb"], {
      cwd: folder,
      maxBuffer: OUTPUT_MAX_BYTES,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new ContractsError(`The contracts in ${join(folder, "proto")} cannot be read:\n${said}`);
  }
}

/**
 * The contracts of a folder that holds buf.yaml and proto/.
 * @throws ContractsError when they are not valid
 */
export function readContracts(folder = ROOT): Contracts {
  writeDependencies();
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, build(folder)));
  const services = [...registry.files]
    .filter((it) => it.proto.package.startsWith("shop."))
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap((it) => it.services);
  const standard = STANDARD_SERVICES.map(({ typeName }) => registry.getService(typeName));
  return { registry, services, standard: standard.filter((it) => it !== undefined) };
}
