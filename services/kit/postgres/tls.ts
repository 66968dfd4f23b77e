import { accessSync, constants } from "node:fs";
import { StartError } from "../start-error.ts";

// "require", "verify-ca" and "prefer" of libpq check less or nothing; here each of them checks all.
const MODES = ["disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"];
const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])?$/;

/** Whether what goes to a server can be read by whoever sits between: no TLS, and another machine. */
export function isInClear(url: string): boolean {
  const { hostname, searchParams } = new URL(url);
  const host = searchParams.get("host") ?? hostname;
  if (LOCAL.test(host) || host.startsWith("/") || host.startsWith("%2F")) return false;
  const mode = searchParams.get("sslmode");
  if (mode !== null) return mode === "disable";
  return !["true", "1"].includes(searchParams.get("ssl") ?? "") && searchParams.get("sslrootcert") === null;
}

/** @throws StartError for a way of TLS that there is not, or a file that is not there */
export function checkTls(name: string, url: string): void {
  const { searchParams } = new URL(url);
  const mode = searchParams.get("sslmode");
  if (mode !== null && !MODES.includes(mode))
    throw new StartError(`${name} says sslmode=${mode}, but it must be one of ${MODES.join(", ")}.`);
  for (const key of ["sslrootcert", "sslcert", "sslkey"]) {
    const path = searchParams.get(key);
    if (path === null) continue;
    try {
      accessSync(path, constants.R_OK);
    } catch {
      throw new StartError(`${name} says ${key}=${path}, but there is no such file that can be read.`);
    }
  }
}

/** A URL as the driver takes it: it warns of the modes that it will check less in its next version. */
export function withStrictTls(url: string): string {
  const strict = new URL(url);
  const mode = strict.searchParams.get("sslmode");
  if (mode === null || ["disable", "no-verify", "verify-full"].includes(mode)) return url;
  strict.searchParams.set("sslmode", "verify-full");
  return strict.href;
}
