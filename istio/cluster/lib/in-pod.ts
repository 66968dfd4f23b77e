import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { NAMESPACE } from "../../names.ts";
import { kubectl } from "./kubectl.ts";

const bundled = new Map<string, Promise<string>>();

async function bundle(name: string): Promise<string> {
  const ssr = fileURLToPath(new URL(`../pod/${name}.ts`, import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: { ssr, write: false, target: "node24", minify: true },
  });
  const { output } = (Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput;
  return output[0].code;
}

/** One of the programs of `pod/` as one JavaScript text, which needs nothing but Node. */
export function program(name: string): Promise<string> {
  let text = bundled.get(name);
  if (text === undefined) {
    text = bundle(name);
    bundled.set(name, text);
  }
  return text;
}

/** Where a program is run: a container that has Node. */
export interface Place {
  /** The shop's where left out. */
  readonly namespace?: string;
  readonly pod: string;
  readonly container: string;
}

/** Runs a program of `pod/` in a container and answers with what it prints. Nothing of it stays there. */
export async function inPod<T>(place: Place, name: string, input: unknown, timeoutMs?: number): Promise<T> {
  const text = `globalThis.input=${JSON.stringify(input)};${await program(name)}`;
  const args = [
    "-n",
    place.namespace ?? NAMESPACE,
    "exec",
    "-i",
    place.pod,
    "-c",
    place.container,
    "--",
    "node",
    "--input-type=module",
    "-",
  ];
  const printed = await kubectl(args, { input: text, ...(timeoutMs !== undefined && { timeoutMs }) });
  return JSON.parse(printed) as T;
}
