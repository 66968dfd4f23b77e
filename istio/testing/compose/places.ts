import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { freePort } from "#kit/testing/engines/ports.ts";
import { ROOT } from "../../contracts.ts";
import type { Container } from "../../emit/compose/container.ts";
import { EDGE_ADMIN_PORT, EDGE_PORT, PROMETHEUS_PORT } from "../../emit/compose/ports.ts";
import { ENGINES, type Engine } from "../../engines.ts";
import type { Project } from "./project.ts";

/** Where what containers name is on this machine: ports that are free, and files below a folder. */
export interface Places {
  /** A text of a container's with this machine's ports and paths; nothing else in it changes. */
  here(name: string, text: string): string;
  /** The port of this machine that stands for a container's. */
  portOf(name: string, port: number): number;
  /** That of the first it listens on. */
  firstPortOf(name: string): number | undefined;
  /** A container's configuration files, as its program can read them here. */
  writeConfigs(name: string): Promise<void>;
}

const HOST = "127.0.0.1";
const KAFKA_CONTROLLER_PORT = 9093;
const PORTS: Readonly<Record<string, readonly number[]>> = {
  edge: [EDGE_PORT, EDGE_ADMIN_PORT],
  prometheus: [PROMETHEUS_PORT],
  kafka: [ENGINES.kafka.port, KAFKA_CONTROLLER_PORT],
};
const OWN_PORT = /^(?!.*_URL$)\w+_PORT$/;

/** The ports that a container listens on. */
function portsOf(name: string, { environment = {} }: Container): readonly number[] {
  const known = PORTS[name] ?? (name in ENGINES ? [ENGINES[name as Engine].port] : undefined);
  return known ?? Object.entries(environment).flatMap(([key, value]) => (OWN_PORT.test(key) ? [Number(value)] : []));
}

/** A number or a host's name, and not part of a longer one. */
const whole = (text: string) => new RegExp(`(?<![\\w.-])${text.replaceAll(".", "\\.")}(?![\\w])`, "g");

/** Prometheus looks names up in DNS by itself, where this machine's are not. */
interface Scrape {
  dns_sd_configs?: { names: string[]; port: number }[];
  static_configs?: { targets: string[] }[];
}

function withoutLookups(config: { scrape_configs?: Scrape[] }): object {
  for (const it of config.scrape_configs ?? []) {
    const targets = (it.dns_sd_configs ?? []).flatMap(({ names, port }) => names.map((name) => `${name}:${port}`));
    delete it.dns_sd_configs;
    it.static_configs = [{ targets }];
  }
  return config;
}

/** Envoy's addresses are a host and a port in fields of their own: joined for a moment, so that they are found like any other. */
const JOINED = /"address":"([\w.-]+)","port_value":"?([\d.:\w-]+?)"?(?=})/g;

/** Finds a place for everything that the containers of a project name. */
export async function findPlaces({ services, configs }: Project, folder: string): Promise<Places> {
  const ports = new Map<string, Map<number, number>>();
  const hosts = new Map<string, string>();
  for (const [name, it] of Object.entries(services)) {
    const own = new Map<number, number>();
    for (const port of portsOf(name, it)) own.set(port, await freePort());
    ports.set(name, own);
    for (const host of [name, ...Object.values(it.networks ?? {}).flatMap(({ aliases = [] }) => aliases)])
      hosts.set(host, name);
  }
  const portOf: Places["portOf"] = (name, port) => ports.get(name)?.get(port) ?? 0;
  const configPath = (container: string, source: string, file: string) =>
    join(folder, `${container}-${source}-${basename(file)}`);

  const mounted = (name: string): [target: string, path: string][] => [
    ...(services[name]?.configs ?? []).map(({ source, target }): [string, string] => [
      target,
      configPath(name, source, configs[source]?.file ?? ""),
    ]),
    ...(services[name]?.volumes ?? []).map(({ source, target, volume }): [string, string] => [
      target,
      join(folder, source, volume?.subpath ?? ""),
    ]),
  ];
  const here: Places["here"] = (name, text) => {
    let result = text;
    for (const [host, container] of hosts)
      for (const [port, mapped] of ports.get(container) ?? [])
        result = result.replaceAll(whole(`${host}:${port}`), `${HOST}:${mapped}`);
    for (const [port, mapped] of ports.get(name) ?? []) result = result.replaceAll(whole(`${port}`), `${mapped}`);
    for (const [target, path] of mounted(name))
      result = result.replaceAll(new RegExp(`(?<![\\w/.])${target}(?![\\w])`, "g"), path);
    return result;
  };
  return {
    here,
    portOf,
    firstPortOf: (name) => [...(ports.get(name)?.values() ?? [])][0],
    async writeConfigs(name) {
      for (const { source } of services[name]?.configs ?? []) {
        const file = configs[source]?.file ?? "";
        const yaml = parse(await readFile(join(ROOT, file), "utf8")) as { scrape_configs?: Scrape[] };
        const text = JSON.stringify(withoutLookups(yaml));
        const joined = text.replaceAll(JOINED, '"address":"$1:$2"');
        const moved = here(name, joined).replaceAll(
          /"socket_address":{"address":"([\w.-]+):(\d+)"}/g,
          '"socket_address":{"address":"$1","port_value":$2}',
        );
        await writeFile(configPath(name, source, file), moved);
      }
    },
  };
}
