import type { Deployment, EngineUse } from "#kit/deployment.ts";
import { alters, type Change, closes, opens } from "./diff-change.ts";
import { ENGINES } from "./engines.ts";
import type { MeshWorkload } from "./model.ts";
import { ENGINE_WORDS, STORE_WORDS } from "./words.ts";

/** What one fact of a service became. */
type Fact = (before: MeshWorkload, after: MeshWorkload) => Change[];

const port: Fact = (before, after) =>
  before.port === after.port ? [] : [alters(`${after.name} listens on port ${after.port} instead of ${before.port}`)];

const store: Fact = ({ deployment: was }, { deployment: is, name }) => {
  if (was.store === is.store) return [];
  if (is.store === "none") return [closes(`${name} now ${STORE_WORDS[is.store]}`)];
  return [opens(`${name} now ${STORE_WORDS[is.store]}, which the network lets it reach`)];
};

const useOf = ({ keeps, on }: EngineUse) => `${ENGINE_WORDS[keeps]} on ${ENGINES[on].words}`;

const engines: Fact = ({ deployment: { engines: was = [] } }, { deployment: { engines: is = [] }, name }) => {
  const [before, after] = [new Set(was.map(useOf)), new Set(is.map(useOf))];
  return [
    ...[...after.difference(before)].map((it) =>
      opens(`${name} can now keep ${it}, which the network lets it reach there`),
    ),
    ...[...before.difference(after)].map((it) => closes(`${name} can no longer keep ${it}`)),
  ];
};

/** "edge /images/": each pair of a path and who may ask for it. */
function httpPairs({ http = [] }: Deployment): Set<string> {
  return new Set(http.flatMap(({ path, callers }) => callers.map((caller) => `${caller} ${path}`)));
}

const http: Fact = ({ deployment: was }, { deployment: is, name }) => {
  const words = (pair: string, may: string): string => {
    const [caller = "", path = ""] = pair.split(" ");
    return `${caller === "*" ? "every workload" : caller} ${may} ask ${name} for ${path}`;
  };
  const [before, after] = [httpPairs(was), httpPairs(is)];
  return [
    ...[...after.difference(before)].map((it) => opens(words(it, "may now"))),
    ...[...before.difference(after)].map((it) => closes(words(it, "may no longer"))),
  ];
};

const keys: Fact = ({ deployment: was }, { deployment: is, name }) => {
  const [before, after] = [was.publishesKeys, is.publishesKeys];
  if (before === after) return [];
  return [
    ...(after === undefined ? [] : [opens(`access tokens are now checked with the keys of ${name} at ${after}`)]),
    ...(before === undefined
      ? []
      : [closes(`access tokens are no longer checked with the keys of ${name} at ${before}`)]),
  ];
};

const secretNames = ({ secrets = {} }: Deployment): Set<string> => new Set(Object.keys(secrets));

const secrets: Fact = ({ deployment: was }, { deployment: is, name }) => {
  const [before, after] = [secretNames(was), secretNames(is)];
  return [
    ...[...after.difference(before)].map((it) => opens(`${name} is now given the secret ${it}`)),
    ...[...before.difference(after)].map((it) => closes(`${name} is no longer given the secret ${it}`)),
  ];
};

const settings: Fact = ({ deployment: { settings: was = {} } }, { deployment: { settings: is = {} }, name }) => {
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((it) => was[it] !== is[it]);
  return keys.map((it) =>
    alters(
      is[it] === undefined
        ? `${name} is no longer started with ${it}`
        : `${name} is now started with ${it}=${is[it]}${was[it] === undefined ? "" : ` instead of ${was[it]}`}`,
    ),
  );
};

const size: Fact = ({ deployment: { size: was } }, { deployment: { size: is }, name }) => {
  const words = (it: Deployment["size"]) => `${it.cpuMillis}m CPU and ${it.memoryMiB} MiB (${it.memoryMaxMiB} at most)`;
  return words(was) === words(is)
    ? []
    : [alters(`a replica of ${name} asks for ${words(is)} instead of ${words(was)}`)];
};

const affinity: Fact = ({ deployment: was }, { deployment: is, name }) => {
  if (was.affinity === is.affinity) return [];
  if (is.affinity === undefined) return [alters(`calls of ${name} go to any replica`)];
  const same = is.affinity === "path" ? "with the same path" : "of the same user";
  return [alters(`calls of ${name} ${same} go to the same replica`)];
};

const FACTS: readonly Fact[] = [port, store, engines, http, keys, secrets, settings, size, affinity];

/** What became of a service that was there before, beside its calls. */
export function workloadChanges(before: MeshWorkload, after: MeshWorkload): Change[] {
  return FACTS.flatMap((it) => it(before, after));
}

/** A service that was not there before, and what it brings beside its calls. */
export function newWorkload(it: MeshWorkload): Change[] {
  const bare = { ...it, deployment: { store: "none", size: it.deployment.size } as const };
  return [alters(`new: the service ${it.name}, on port ${it.port}`), ...workloadChanges(bare, it)];
}
