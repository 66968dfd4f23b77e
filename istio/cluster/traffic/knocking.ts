import http2 from "node:http2";
import { EDGE } from "../../model.ts";
import { podLabels } from "../../names.ts";
import { inPod } from "../lib/in-pod.ts";
import { readyPod } from "../lib/kubectl.ts";
import type { StandIn } from "../lib/stand-in.ts";
import { tlsOptions } from "../lib/users.ts";
import { BEHAVIOUR, type Behaviour, CALL, type Counts } from "../pod/behaviour.ts";
import { type Knock, type Knocked, knockAll } from "../pod/knock.ts";
import type { KnocksInput } from "../pod/knocks.ts";
import type { Stage } from "../stage.ts";

/** One call to the stand-in for a service: who makes it, and what it asks of the stand-in. */
export interface Attempt {
  readonly caller: string;
  readonly path: string;
  readonly behaviour: Behaviour;
}

/** A call as both its ends saw it. */
export interface Seen extends Attempt {
  readonly outcome: Knocked;
  readonly counts: Counts;
}

/** Longer than any contract gives. */
export const PATIENCE_MS = 40_000;

async function fromEdge({ edge }: Stage, knocks: readonly Knock[], atOnce: boolean): Promise<Knocked[]> {
  const origin = `https://${edge.host}:${edge.port}`;
  const session = http2.connect(origin, tlsOptions(edge) as object);
  session.on("error", () => {});
  try {
    return await knockAll({ session, authority: edge.host, knocks, atOnce });
  } finally {
    session.destroy();
  }
}

async function fromPod(
  caller: string,
  callee: Pick<KnocksInput, "host" | "port">,
  knocks: readonly Knock[],
  atOnce: boolean,
) {
  const { name } = await readyPod(podLabels(caller));
  const input: KnocksInput = { ...callee, knocks, atOnce };
  return inPod<Knocked[]>({ pod: name, container: caller }, "knocks", input);
}

/** Makes calls to the stand-in, each from its caller's own pod, or through the ingress, and asks it what it saw of them. */
export async function knock(options: {
  readonly stage: Stage;
  readonly standIn: StandIn;
  readonly callee: Pick<KnocksInput, "host" | "port">;
  readonly attempts: readonly Attempt[];
  readonly atOnce: boolean;
  readonly patienceMs?: number;
}): Promise<Seen[]> {
  const { stage, standIn, callee, attempts, atOnce, patienceMs = PATIENCE_MS } = options;
  const { administrator } = await stage.tokens();
  const named = attempts.map((it) => ({ ...it, call: crypto.randomUUID() }));
  const made = [...Map.groupBy(named, (it) => it.caller)].map(async ([caller, group]) => {
    const knocks = group.map(({ path, behaviour, call }): Knock => {
      const headers = { authorization: `Bearer ${administrator}`, [BEHAVIOUR]: behaviour, [CALL]: call };
      return { path, headers, patienceMs };
    });
    const outcomes = caller === EDGE ? fromEdge(stage, knocks, atOnce) : fromPod(caller, callee, knocks, atOnce);
    return (await outcomes).flatMap((outcome, index) => {
      const it = group[index];
      return it === undefined ? [] : [{ ...it, outcome }];
    });
  });
  const done = (await Promise.all(made)).flat();
  const counts = await standIn.counts();
  return done.map(({ call, ...it }) => ({ ...it, counts: counts[call] ?? { arrived: 0, cut: 0 } }));
}
