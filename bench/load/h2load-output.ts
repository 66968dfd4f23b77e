/** What h2load says of a run. */
export interface H2loadReport {
  readonly requestsPerSecond: number;
  /** Requests that were answered, however. */
  readonly done: number;
  /** Answered with a status of 2xx or 3xx. */
  readonly succeeded: number;
  readonly failed: number;
  readonly status2xx: number;
  /** Bytes of the answers' bodies. */
  readonly dataBytes: number;
}

function found(output: string, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(output);
  if (match === null) throw new Error(`h2load's output lacks ${pattern}:\n${output}`);
  return match;
}

/**
 * Reads what h2load prints at the end.
 * @throws Error when it is something else.
 */
export function parseH2load(output: string): H2loadReport {
  const [, rate] = found(output, /finished in [\d.]+\w+, ([\d.]+) req\/s/);
  const requests = found(output, /requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed/);
  const [, done, succeeded, failed] = requests;
  const [, status2xx] = found(output, /status codes: (\d+) 2xx/);
  const [, dataBytes] = found(output, /traffic: .*\((\d+)\) data/);
  return {
    requestsPerSecond: Number(rate),
    done: Number(done),
    succeeded: Number(succeeded),
    failed: Number(failed),
    status2xx: Number(status2xx),
    dataBytes: Number(dataBytes),
  };
}

/** One line of h2load's `--log-file`. */
export interface H2loadRequest {
  readonly startUs: number;
  /** -1 for a request that failed. */
  readonly status: number;
  readonly durationUs: number;
}

/** Reads h2load's `--log-file`: start in microseconds, status, duration in microseconds, one request a line. */
export function parseH2loadLog(text: string): H2loadRequest[] {
  return text
    .split("\n")
    .filter((it) => it !== "")
    .map((line) => {
      const [startUs, status, durationUs] = line.split("\t").map(Number);
      return { startUs: startUs ?? Number.NaN, status: status ?? Number.NaN, durationUs: durationUs ?? Number.NaN };
    });
}
