import { pino } from "pino";
import { readCommand } from "../arguments.ts";
import { carryOut } from "../commands.ts";
import type { Progress } from "../copy.ts";

/** What the tool said and showed. */
export interface ToolRun {
  readonly said: string;
  readonly shown: readonly Progress[];
  /** The target that it left incomplete. */
  readonly incomplete: string | undefined;
}

/** Runs the tool with the words of a command line, within the test's process. */
export async function runTool(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ToolRun> {
  const command = readCommand(words);
  if (command.kind === "help") throw new Error("not asked for help");
  const said: string[] = [];
  const shown: Progress[] = [];
  let incomplete: string | undefined;
  await carryOut(command, {
    env,
    log: pino({ level: "silent" }),
    onProgress: (it) => void shown.push(it),
    onIncomplete(target) {
      incomplete = target;
    },
    say: (it) => void said.push(it),
  });
  return { said: said.join("\n"), shown, incomplete };
}
