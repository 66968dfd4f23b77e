// Moves, backs up and restores a shop: `npm run data -- help`.

import { runTask } from "#kit/process.ts";
import { readCommand, USAGE } from "./arguments.ts";
import { carryOut } from "./commands.ts";
import { createProgressView } from "./progress.ts";

await runTask(async ({ log }) => {
  const command = readCommand(process.argv.slice(2));
  if (command.kind === "help") {
    process.stdout.write(USAGE);
    return;
  }
  const view = createProgressView(process.stderr);
  try {
    await carryOut(command, {
      env: process.env,
      log,
      onProgress: (it) => view.show(it),
      say(sentence) {
        view.done();
        process.stdout.write(`  ${sentence}\n`);
      },
    });
  } finally {
    view.done();
  }
});
