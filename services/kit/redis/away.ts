// What Redis says first when it is there and cannot serve for the moment: in a failover, while it loads its data, without
// the replicas or the memory or the disk that it was told to have.
const AWAY_REPLIES = new Set([
  "READONLY",
  "LOADING",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "MOVED",
  "ASK",
  "BUSY",
  "NOREPLICAS",
  "MISCONF",
  "OOM",
  "UNBLOCKED",
]);
/** How an error begins that says that there is no connection. */
export const NOT_CONNECTED = "Redis is not connected";
/** What it says first when it does not want us. */
const REFUSALS = new Set(["WRONGPASS", "NOAUTH", "NOPERM"]);
const AWAY_CODE =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|ENETDOWN|ERR_SOCKET_CLOSED|ERR_STREAM)/;
// The driver's own errors, and ours, have no codes.
const AWAY_MESSAGE =
  /^(Redis is not connected|Connection is closed|Stream isn't writeable|Command timed out|Command aborted|Socket timeout|Reached the max retries|None of startup nodes|Failed to refresh slots cache|Cluster is|Cluster isn't ready|Too many Cluster redirections|All sentinels are unreachable|connect ETIMEDOUT|Node is disconnected)/;

const firstWord = (message: string) => message.split(" ", 1)[0] ?? "";

/** Whether an error says that Redis does not want us: a password, a permission. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(firstWord((error as { message?: string }).message ?? ""));
}

/** Whether an error says that there is no Redis for the moment, and not that something was wrong with what was asked. */
export function isAway(error: unknown): boolean {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  // Passwords change while a process runs; with the next connection it may be let in again.
  return AWAY_CODE.test(code) || AWAY_MESSAGE.test(message) || AWAY_REPLIES.has(firstWord(message)) || isRefusal(error);
}
