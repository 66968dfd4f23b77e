import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  /** Only what the targets are about, in about a minute and a half. */
  readonly quick: boolean;
  /** Only tables whose name contains this. */
  readonly only: string | undefined;
  readonly rounds: number;
  /** Samples our whole server instead of measuring. */
  readonly profile: boolean;
  /** How long one server or client is measured in one round. */
  readonly turnMs: number;
}

const ROUNDS = { quick: 3, full: 5 } as const;
const TURN_MS = 1_000;

export const USAGE = `npm run bench -- [options]
  --quick          only what the targets are about
  --only <text>    only tables whose name contains the text: "grpc", "large", "clients", "overload", …
  --rounds <n>     rounds of which the medians are shown (${ROUNDS.full}; quick: ${ROUNDS.quick})
  --profile        sample our whole server under load: writes a .cpuprofile and prints what takes most time
  --help`;

/**
 * Reads the command line; undefined when it asks for help.
 * @throws Error with a sentence when it is wrong.
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string" },
      profile: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const speed = values.quick ? "quick" : "full";
  const rounds = Number(values.rounds ?? ROUNDS[speed]);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds needs a whole number from 1 up");
  return { quick: values.quick, only: values.only, rounds, profile: values.profile, turnMs: TURN_MS };
}
