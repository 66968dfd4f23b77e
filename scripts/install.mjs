// Installs what is missing before `npm start`, `npm test` and the rest: runs on whatever Node is there (20 and up).
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const MARK = "node_modules/.shopmesh-installed";
const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
const installed = existsSync(MARK) && readFileSync(MARK, "utf8") === lock;

if (!installed) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    console.error(`Shopmesh needs Node 20 or newer to install itself; this is Node ${process.versions.node}.`);
    process.exit(1);
  }
  console.log("Installing packages (once, about half a minute) …");
  const result = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: "inherit",
  });
  if (result.status !== 0) {
    console.error(
      "\nnpm could not install the packages; its message above says why. Run the command again once that is mended.",
    );
    process.exit(result.status ?? 1);
  }
  if (!existsSync("node_modules/.bin/node")) {
    console.error(
      '\nThe package "node" brings the Node 24 that runs Shopmesh, but its install script did not run; allow install scripts in npm (`npm config set ignore-scripts false`) and try again.',
    );
    process.exit(1);
  }
  writeFileSync(MARK, lock);
}
