import { StartError } from "./start-error.ts";

/** Variables as the environment gives them; one that is empty counts as not set. */
export type Env = Readonly<Record<string, string | undefined>>;

export function wrong(name: string, value: string, expected: string): StartError {
  return new StartError(`${name} is "${value}", but it must be ${expected}.`);
}

export function oneOf<T extends string>(env: Env, name: string, allowed: readonly T[], fallback: T): T {
  const value = env[name];
  if (value === undefined || value === "") return fallback;
  const found = allowed.find((it) => it === value);
  if (found === undefined) throw wrong(name, value, `one of ${allowed.join(", ")}`);
  return found;
}

export function integer(env: Env, name: string, fallback: number, min: number, max: number): number {
  const value = env[name];
  if (value === undefined || value === "") return fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw wrong(name, value, `a whole number from ${min} to ${max}`);
  return number;
}

export function boolean(env: Env, name: string, fallback: boolean): boolean {
  return oneOf(env, name, ["true", "false"], fallback ? "true" : "false") === "true";
}

export function url(env: Env, name: string, schemes: readonly string[]): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  const scheme = URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : "";
  // The value may hold a password, so the sentence does not repeat it.
  if (!schemes.includes(scheme))
    throw new StartError(`${name} is not a URL that begins with ${schemes.join(":// or ")}://.`);
  return value;
}

/** Base URLs separated by commas, without slashes at their ends; undefined if none is set. */
export function baseUrls(env: Env, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  const all = value.split(",").map((it) => it.trim());
  if (all.length > BASE_URLS_MAX) throw new StartError(`${name} names more than ${BASE_URLS_MAX} URLs.`);
  // An empty one between commas is as wrong as any other.
  for (const it of all) url({ [name]: it === "" ? "," : it }, name, ["http", "https"]);
  return all.map((it) => it.replace(/\/$/, "")).join(",");
}

export function email(env: Env, name: string, fallback: string): string {
  const value = env[name] || fallback;
  if (!/^[^\s@]+@[^\s@]+$/.test(value)) throw wrong(name, value, "an e-mail address");
  return value;
}

export function password(env: Env, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  if (value.length < 8 || Buffer.byteLength(value) > 72)
    throw new StartError(`${name} must have at least 8 characters and at most 72 bytes.`);
  return value;
}

const BASE_URLS_MAX = 16;
