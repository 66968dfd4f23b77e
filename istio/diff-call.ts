import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { alters, type Change, closes, opens } from "./diff-change.ts";
import { EDGE, EVERYBODY, type MeshMethod } from "./model.ts";
import { bytesWords, durationWords, listWords, rateWords, shareWords } from "./words.ts";

/** What one fact of a call became. */
type Fact = (before: MeshMethod, after: MeshMethod, name: string) => Change[];

const NEEDS: Readonly<Record<User, string>> = {
  [User.UNSPECIFIED]: "nobody",
  [User.ANY]: "no token",
  [User.GUEST]: "a token",
  [User.SIGNED_IN]: "a signed-in user",
  [User.ADMIN]: "an administrator",
};

const SERVES: Readonly<Record<User, string>> = {
  [User.UNSPECIFIED]: "nobody",
  [User.ANY]: "anybody",
  [User.GUEST]: "anybody with a token",
  [User.SIGNED_IN]: "every signed-in user",
  [User.ADMIN]: "administrators",
};

const STREAM_WORDS: Readonly<Record<MeshMethod["kind"], string>> = {
  unary: "single answer",
  server_streaming: "stream",
  client_streaming: "client's stream",
  bidi_streaming: "stream both ways",
};

/** "edge and api", "every workload" */
function callerWords({ callers }: MeshMethod): string {
  return callers.includes(EVERYBODY) ? "every workload" : listWords(callers);
}

const callers: Fact = (before, after, name) => {
  const [was, is] = [new Set(before.callers), new Set(after.callers)];
  if (is.has(EVERYBODY) && was.has(EVERYBODY)) return [];
  if (is.has(EVERYBODY)) return [opens(`every workload may now call ${name}`)];
  if (was.has(EVERYBODY))
    return [closes(`only ${listWords(after.callers)} may still call ${name}, which was open to every workload`)];
  const added = [...is.difference(was)].map((it) =>
    opens(`${it} may now call ${name}${it === EDGE ? ", so that browsers can" : ""}`),
  );
  const removed = [...was.difference(is)].map((it) => closes(`${it} may no longer call ${name}`));
  return [...added, ...removed];
};

const user: Fact = (before, after, name) => {
  if (after.user === before.user) return [];
  if (after.user > before.user) return [closes(`${name} now needs ${NEEDS[after.user]}`)];
  return [opens(`${name} now serves ${SERVES[after.user]}, where it needed ${NEEDS[before.user]}`)];
};

/** How it answers: once, or by a stream, and for how long. */
const time: Fact = (before, after, name) => {
  if (before.kind === after.kind && before.timeoutMs === after.timeoutMs) return [];
  if (before.kind === after.kind && before.timeoutMs !== undefined && after.timeoutMs !== undefined)
    return [alters(`${name} may take ${durationWords(after.timeoutMs)} instead of ${durationWords(before.timeoutMs)}`)];
  const words = ({ kind, timeoutMs }: MeshMethod) =>
    kind === "unary" || timeoutMs !== undefined
      ? `once within ${durationWords(timeoutMs ?? 0)}`
      : `with a ${STREAM_WORDS[kind]} that lives until it is done`;
  return [alters(`${name} now answers ${words(after)}, instead of ${words(before)}`)];
};

const repeats: Fact = ({ idempotency: was }, { idempotency: is }, name) => {
  const changes: Change[] = [];
  if (is === "none" && was !== "none") changes.push(alters(`${name} is no longer repeated when it fails`));
  if (was === "none" && is !== "none") changes.push(alters(`${name} is now repeated when it fails`));
  if (is === "no_side_effects" && was !== is) changes.push(alters(`${name} now only reads: it may be asked by GET`));
  if (was === "no_side_effects" && was !== is)
    changes.push(alters(`${name} no longer only reads: it may not be asked by GET`));
  return changes;
};

const rateLimit: Fact = (before, after, name) => {
  const [was, is] = [before.rateLimit, after.rateLimit];
  if (was === undefined && is === undefined) return [];
  if (is === undefined) return [opens(`a client may now call ${name} as often as it likes`)];
  if (was === undefined) return [closes(`a client may now call ${name} ${rateWords(is)}, which had no limit`)];
  if (was.requests === is.requests && was.periodMs === is.periodMs) return [];
  const change = is.requests / is.periodMs > was.requests / was.periodMs ? opens : closes;
  return [change(`a client may call ${name} ${rateWords(is)} instead of ${rateWords(was)}`)];
};

const requestSize: Fact = (before, after, name) => {
  const [was, is] = [before.requestMaxBytes, after.requestMaxBytes];
  if (was === is) return [];
  return [(is > was ? opens : closes)(`${name} takes requests of ${bytesWords(is)} instead of ${bytesWords(was)}`)];
};

const objective: Fact = ({ objective: was }, { objective: is }, name) => {
  if (is === undefined) return was === undefined ? [] : [alters(`${name} promises nothing any more`)];
  const latency = durationWords(is.latencyMs);
  const availability = shareWords(is.availability);
  if (was === undefined)
    return [alters(`${name} now promises an answer within ${latency} and an availability of ${availability}`)];
  const changes: Change[] = [];
  if (was.latencyMs !== is.latencyMs)
    changes.push(alters(`${name} promises an answer within ${latency} instead of ${durationWords(was.latencyMs)}`));
  if (was.availability !== is.availability)
    changes.push(
      alters(`${name} promises an availability of ${availability} instead of ${shareWords(was.availability)}`),
    );
  return changes;
};

const FACTS: readonly Fact[] = [callers, user, rateLimit, requestSize, time, repeats, objective];

/** What became of a call that was there before. */
export function callChanges(before: MeshMethod, after: MeshMethod, name: string): Change[] {
  return FACTS.flatMap((it) => it(before, after, name));
}

/** A call that was not there before. */
export function newCall(method: MeshMethod, name: string): Change {
  const stream = method.timeoutMs === undefined ? ", a stream" : "";
  const time = method.timeoutMs === undefined ? "" : ` within ${durationWords(method.timeoutMs)}`;
  return opens(`new: ${name}${stream}, which ${callerWords(method)} may call; it serves ${SERVES[method.user]}${time}`);
}

/** A call that is there no more. */
export function goneCall(method: MeshMethod, name: string): Change {
  return closes(`gone: ${name}, which ${callerWords(method)} could call`);
}
