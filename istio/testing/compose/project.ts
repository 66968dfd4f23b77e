import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import type { Container, Profile } from "../../emit/compose/container.ts";

/** A project as Compose reads it: with the values of variables, and only what a profile has. */
export interface Project {
  readonly name: string;
  readonly services: Readonly<Record<string, Container>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** "${NAME:-otherwise}", of which an inner one comes first, and "$$". */
const VARIABLE = /\$\{(\w+)(?::-([^${}]*))?\}/;

/** A text with the values of its variables, by the specification's rules as far as they are used here. */
export function interpolated(text: string, env: Env): string {
  let result = text;
  for (let found = VARIABLE.exec(result); found !== null; found = VARIABLE.exec(result)) {
    const [whole, name = "", otherwise] = found;
    const value = env[name] || otherwise;
    if (value === undefined) throw new Error(`${name} has no value, in ${text}`);
    result = result.replace(whole, () => value);
  }
  return result.replaceAll("$$", () => "$");
}

function interpolatedIn(it: unknown, env: Env): unknown {
  if (typeof it === "string") return interpolated(it, env);
  if (Array.isArray(it)) return it.map((item) => interpolatedIn(item, env));
  if (typeof it !== "object" || it === null) return it;
  return Object.fromEntries(Object.entries(it).map(([key, value]) => [key, interpolatedIn(value, env)]));
}

/** Reads a file of Compose for one profile. */
export function readProject(yaml: string, profile: Profile, env: Env = {}): Project {
  const whole = interpolatedIn(parse(yaml, { merge: true }), env) as Project;
  const services = Object.entries(whole.services).filter(([, it]) => it.profiles.includes(profile));
  return { ...whole, services: Object.fromEntries(services) };
}

const SCHEMA = new URL("./spec/compose-spec.json", import.meta.url);

/** What is wrong with a file by the specification's schema, each fault a line; empty when nothing is. */
export function schemaFaults(yaml: string): string {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // A duration is a number with its unit here, not what ISO 8601 says.
  ajv.addFormat("duration", /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
  const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, "utf8")));
  return validate(parse(yaml, { merge: true })) ? "" : ajv.errorsText(validate.errors, { separator: "\n" });
}
