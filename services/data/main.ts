// Moves, backs up and restores a shop: `npm run data -- help`.

import { runTask } from "#kit/process.ts";
import { readCommand, USAGE } from "./arguments.ts";
import { carryOut } from "./commands.ts";
import { createProgressView } from "./progress.ts";

/** The exit code of words that are no command, as with other programs. */
const WRONG_USE = 2;

await runTask(async ({ log }) => {
  const command = readCommand(process.argv.slice(2));
  if (command.kind === "help") {
    (command.isAsked ? process.stdout : process.stderr).write(USAGE);
    if (!command.isAsked) process.exit(WRONG_USE);
    return;
  }
  const view = createProgressView(process.stderr);
  let incomplete: string | undefined;
  // However it ends: by a signal that is at once.
  process.on("exit", () => {
    if (incomplete === undefined) return;
    view.done();
    console.error(`  ${incomplete} is incomplete: start no shop on it. The same command goes on where it stopped.\n`);
  });
  try {
    await carryOut(command, {
      env: process.env,
      log,
      onProgress: (it) => view.show(it),
      say(sentence) {
        view.done();
        process.stdout.write(`  ${sentence}\n`);
      },
      onIncomplete(target) {
        incomplete = target;
      },
    });
  } finally {
    view.done();
  }
});
