import type { Trust } from "../contract/caller.ts";

/** Where a server listens; one that speaks both versions of HTTP on a port names it twice. */
export interface Ports {
  readonly h1?: number;
  readonly h2?: number;
  /** All for HTTP/2, where there are several. */
  readonly all?: readonly number[];
}

/** What a server's process is started with. */
export interface ServerSetup {
  readonly trust: Trust;
  /** CPU work of the handler in rounds of hashing; 0 for none. */
  readonly workRounds: number;
}

/** What a client's process is started with. */
export interface ClientSetup {
  /** One server that listens on several ports. */
  readonly ports: readonly number[];
  readonly headers: Readonly<Record<string, string>>;
  /** Calls that run at any time. */
  readonly concurrency: number;
}

/** What came of making calls for a while. */
export interface ClientRun {
  readonly calls: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
}

/** Questions to a measured process, and the answer to each. */
export interface Questions {
  /** CPU time that the process has used, garbage collection included, in microseconds. */
  cpu: { ask: Record<never, never>; answer: number };
  /** Time for which its main thread could have run and another had the core, in microseconds; 0 where nobody tells. */
  waited: { ask: Record<never, never>; answer: number };
  /** Begins to sample where CPU time goes. */
  profile: { ask: Record<never, never>; answer: null };
  /** Ends that and writes what was seen. */
  profiled: { ask: { path: string }; answer: null };
  /** Makes calls for a time. */
  run: { ask: { durationMs: number }; answer: ClientRun };
}

export type Question = keyof Questions;

/** A question on its way to a process. */
export interface Asked {
  readonly id: number;
  readonly question: Question;
  readonly ask: Questions[Question]["ask"];
}

/** The answer on its way back. */
export interface Answered {
  readonly id: number;
  readonly answer: unknown;
}

/** The first message of a process. */
export interface Ready {
  readonly ready: unknown;
}
