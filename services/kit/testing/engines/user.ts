import { execFileSync } from "node:child_process";

/**
 * Whom a server runs as that refuses to run as root; undefined where root does not run the tests.
 *
 * @param names users to try, in this order
 */
export function unprivilegedUser(names: readonly string[]): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of [...names, "nobody"]) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // There is no such user; the next one.
    }
  }
  return undefined;
}
