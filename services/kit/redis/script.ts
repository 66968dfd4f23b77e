import { createHash } from "node:crypto";

/** A script in Lua that Redis runs as one step. Its keys lie in one slot. */
export interface Script {
  readonly lua: string;
  /** What Redis knows it by. */
  readonly sha: string;
}

export function defineScript(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** What of the driver runs scripts. */
interface ScriptRunner {
  evalsha(sha: string, keyCount: number, ...rest: (string | number)[]): Promise<unknown>;
  eval(lua: string, keyCount: number, ...rest: (string | number)[]): Promise<unknown>;
}

/**
 * Runs a script by its digest; in full where Redis does not know it (yet, or after a restart, a failover, a flush), which it
 * says before anything has happened.
 */
export async function runScript(
  runner: ScriptRunner,
  { lua, sha }: Script,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await runner.evalsha(sha, keys.length, ...keys, ...values);
  } catch (error) {
    if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
    return runner.eval(lua, keys.length, ...keys, ...values);
  }
}
