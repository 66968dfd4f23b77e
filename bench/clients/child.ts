import { equals, type Message } from "@bufbuild/protobuf";
import { answerTo, CALLS } from "../contract/catalogue.ts";
import { beChild } from "../process/child.ts";
import type { ClientRun, ClientSetup } from "../process/messages.ts";

/** The call that all clients make. */
export const CALL = CALLS.small;

/** Makes the measured call once. Undefined where the client does not decode the answer. */
export type MakeCall = () => Promise<Message | undefined>;

/** Makes calls for a time, so many at once. */
async function run(makeCall: MakeCall, concurrency: number, durationMs: number): Promise<ClientRun> {
  const beginMs = performance.now();
  const endMs = beginMs + durationMs;
  const before = process.cpuUsage();
  let calls = 0;
  const makeCalls = async () => {
    for (; performance.now() < endMs; calls++) await makeCall();
  };
  await Promise.all(Array.from({ length: concurrency }, makeCalls));
  const { user, system } = process.cpuUsage(before);
  return { calls, elapsedMs: performance.now() - beginMs, cpuUs: user + system };
}

/** A client's process: connects, sees that it is answered, and makes calls when it is told to. */
export async function beClient(connect: (setup: ClientSetup) => Promise<MakeCall> | MakeCall): Promise<void> {
  await beChild<ClientSetup>(async (setup) => {
    const makeCall = await connect(setup);
    const answer = await makeCall();
    if (answer !== undefined && !equals(CALL.method.output, answer, answerTo(CALL)))
      throw new Error("The client was answered something else");
    return { ready: null, answers: { run: ({ durationMs }) => run(makeCall, setup.concurrency, durationMs) } };
  });
}
