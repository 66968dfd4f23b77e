import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "#kit/start-error.ts";
import { cacheFolder, underLock } from "./cache.ts";
import { findProgram, runFor } from "./find.ts";

/** Where Debian keeps servers that not everybody's path has. */
const SERVER_FOLDERS = ["/usr/sbin", "/usr/local/sbin"];

/**
 * A program of a Debian package: the one on the path or in `folders`; else the package is installed, which takes root.
 *
 * @throws StartError that names the package where it is missing and cannot be installed.
 */
export async function debianProgram(
  name: string,
  packageName: string,
  folders: readonly string[] = [],
): Promise<string> {
  const find = () => findProgram(name, [...folders, ...SERVER_FOLDERS]);
  const found = await find();
  if (found !== undefined) return found;
  await installPackage(packageName, find);
  const installed = await find();
  if (installed === undefined) throw new StartError(`The package ${packageName} is installed, but brought no ${name}.`);
  return installed;
}

async function installPackage(name: string, find: () => Promise<string | undefined>): Promise<void> {
  const apt = await findProgram("apt-get");
  if (apt === undefined || process.getuid?.() !== 0) {
    throw new StartError(`The tests need ${name}, which is not installed: run \`apt-get install ${name}\` as root.`);
  }
  await mkdir(cacheFolder(), { recursive: true });
  await underLock(join(cacheFolder(), "apt.lock"), async () => {
    if ((await find()) !== undefined) return;
    // In this run level the package's own service is not started: tests start their own, on other ports.
    const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    const wait = ["-qq", "-o", "DPkg::Lock::Timeout=300"];
    await runFor(name, apt, [...wait, "update"], env);
    await runFor(name, apt, [...wait, "install", "-y", "--no-install-recommends", name], env);
  });
}
