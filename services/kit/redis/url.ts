import { StartError } from "../start-error.ts";

/** Who we are to a server. */
export interface Login {
  /** Undefined: the server's default user. */
  readonly username: string | undefined;
  readonly password: string;
}

/** One server's address. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** What a URL says of a Redis. */
export interface RedisAddress {
  /** "single": one server; "sentinel": whoever is master says a Sentinel; "cluster": slots spread over servers. */
  readonly kind: "single" | "sentinel" | "cluster";
  readonly tls: boolean;
  /** The server, the Sentinels, or some of the Cluster. */
  readonly nodes: readonly RedisNode[];
  readonly login: Login | undefined;
  /** What the Sentinels call the master; empty without Sentinels. */
  readonly master: string;
  readonly database: number;
}

const PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;
const LIKE = {
  single: "redis://user:password@host:6379/0",
  sentinel: "redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0",
  cluster: "redis+cluster://user:password@host1:7000,host2:7001",
} as const;
const NODES_MAX = 32;
const DATABASE_MAX = 1023;

const URL_PARTS =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<login>[^/]*)@)?(?<nodes>[^/@?#]+)(?:\/(?<path>[^?#]*))?$/;
const NODE = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;

function parseNode(text: string, defaultPort: number): RedisNode | undefined {
  const { v6, name, port } = NODE.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

/** @throws URIError for a percent sign that is none of an encoding */
function parseLogin(text: string): Login | undefined {
  const [username = "", ...rest] = text.split(":").map(decodeURIComponent);
  const password = rest.join(":");
  return password === "" ? undefined : { username: username || undefined, password };
}

function parseDatabase(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return 0;
  return /^\d{1,4}$/.test(text) && Number(text) <= DATABASE_MAX ? Number(text) : undefined;
}

/** What is in the path: the master's name with Sentinels, the database's number. */
function parsePath(kind: RedisAddress["kind"], path: string): { master: string; database: number } | undefined {
  const words = path === "" ? [] : path.split("/");
  const master = kind === "sentinel" ? words.shift() : "";
  const database = parseDatabase(words.shift());
  if (words.length > 0 || master === undefined || database === undefined) return undefined;
  if (kind === "sentinel" && !/^[\w.-]+$/.test(master)) return undefined;
  return { master, database };
}

/**
 * Takes a Redis's URL apart: `redis://`, `redis+sentinel://` and `redis+cluster://`, with `rediss` for TLS.
 * @param name of the variable or option it comes from, for the sentence
 * @throws StartError with a sentence that does not repeat the URL, since it may hold a password
 */
export function parseRedisUrl(name: string, url: string): RedisAddress {
  const parts = URL_PARTS.exec(url)?.groups;
  const kind = (parts?.kind ?? "single") as RedisAddress["kind"];
  const wrong = (why: string) => new StartError(`${name} ${why}; it must be like ${LIKE[kind]} (rediss with TLS).`);
  if (parts === undefined) throw wrong("is no URL of a Redis");
  const texts = (parts.nodes ?? "").split(",");
  const nodes = texts.flatMap((it) => parseNode(it, PORTS[kind]) ?? []);
  if (nodes.length < texts.length) throw wrong("names a host or a port that cannot be one");
  if (nodes.length > (kind === "single" ? 1 : NODES_MAX)) throw wrong(`names ${nodes.length} hosts, which is too many`);
  const path = parsePath(kind, parts.path ?? "");
  if (path === undefined)
    throw wrong(kind === "sentinel" ? "does not end with the master's name" : "does not end with a database's number");
  if (kind === "cluster" && path.database !== 0) throw wrong("names a database, but a Cluster has only the one");
  try {
    return { kind, tls: parts.tls === "s", nodes, login: parseLogin(parts.login ?? ""), ...path };
  } catch {
    throw wrong("has a user or a password that is not percent-encoded");
  }
}
