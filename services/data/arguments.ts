import { parseArgs } from "node:util";
import { StartError } from "#kit/start-error.ts";

/** What whoever uses the tool wants. */
export type Command =
  | { readonly kind: "help" /** Not asked for: there was no command. */; readonly isAsked: boolean }
  | { readonly kind: "copy"; readonly from: string; readonly to: string; readonly overwrite: boolean }
  | { readonly kind: "backup"; readonly from: string; readonly to: string }
  | { readonly kind: "restore"; readonly from: string; readonly to: string; readonly overwrite: boolean }
  | { readonly kind: "verify"; readonly from: string; readonly to: string | undefined };

export const USAGE = `
  Moves, backs up and restores all that a shop keeps.

    npm run data -- copy    --from SHOP   --to SHOP    [--overwrite]
    npm run data -- backup  [--from SHOP] --to BACKUP
    npm run data -- restore --from BACKUP [--to SHOP]  [--overwrite]
    npm run data -- verify  --from BACKUP              its files against its manifest
    npm run data -- verify  --from SHOP|BACKUP --to SHOP

  SHOP is
    laptop            what "npm start" keeps in .data (or in DATA_DIR); the shop must be stopped
    laptop:FOLDER     the same in another folder
    FILE              a file of settings, such as .env, with POSTGRES_URL, MONGODB_URL, REDIS_URL, S3_URL, …
    environment       these settings in the environment; what is left out means this

  BACKUP is
    FOLDER            a folder of its own
    s3://BUCKET/PATH  a part of a bucket of the S3 that BACKUP_S3_URL (or S3_URL) names

  copy      carries everything over, with the shop at the target stopped. Cut short, it goes on where it was; run again,
            it carries what has changed since: first while the shop runs, then once more after it was stopped.
  restore   wants an empty shop, or what an earlier run from the same backup left there.
  --overwrite  lets what the target holds be lost.
`;

function required(value: string | undefined, command: string, option: string): string {
  if (value === undefined || value === "")
    throw new StartError(`"${command}" needs --${option}; see npm run data -- help.`);
  return value;
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        from: { type: "string" },
        to: { type: "string" },
        overwrite: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new StartError(`${(error as Error).message.split(". ")[0]}; see npm run data -- help.`);
  }
}

const HERE = "environment";

/**
 * Reads the words of a command line.
 * @throws StartError for what is no command
 */
export function readCommand(words: readonly string[]): Command {
  const { values, positionals } = parse(words);
  const { from, to, overwrite, help } = values;
  const [kind, ...more] = positionals;
  if (help || kind === undefined) return { kind: "help", isAsked: help };
  if (more.length > 0) throw new StartError(`"${more[0]}" is one word too many; see npm run data -- help.`);
  if (overwrite && kind !== "copy" && kind !== "restore")
    throw new StartError(`--overwrite is for copy and restore, not for ${kind}.`);
  switch (kind) {
    case "help":
      return { kind, isAsked: true };
    case "copy":
      return { kind, from: required(from, kind, "from"), to: required(to, kind, "to"), overwrite };
    case "backup":
      return { kind, from: from ?? HERE, to: required(to, kind, "to") };
    case "restore":
      return { kind, from: required(from, kind, "from"), to: to ?? HERE, overwrite };
    case "verify":
      return { kind, from: required(from, kind, "from"), to };
    default:
      throw new StartError(
        `There is no command "${kind}": copy, backup, restore and verify are; see npm run data -- help.`,
      );
  }
}
