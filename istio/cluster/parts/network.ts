import { afterAll, beforeAll, expect, it } from "vitest";
import { EDGE } from "../../model.ts";
import { POSTGRES, podLabels, WEB } from "../../names.ts";
import { readyPod } from "../lib/kubectl.ts";
import { type Door, joinedByNetwork, putOnMasks, takeOffMasks, UNKNOWN } from "../lib/masks.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";

/** "caller → callee" for every pair that the network joins, by contract. */
function joinedPairs({ mesh }: Stage): string[] {
  const stores = mesh.workloads.filter((it) => it.deployment.store === "postgres");
  const pairs = new Set([
    ...mesh.graph.map((it) => `${it.caller} → ${it.callee}`),
    `${EDGE} → ${WEB.name}`,
    ...stores.map((it) => `${it.name} → ${POSTGRES.name}`),
  ]);
  return [...pairs].toSorted();
}

/** The tests of the network; whoever calls this has taken the rest out of its way. */
export function theNetworkAlone(): void {
  let callers: string[] = [];
  let doors: Door[] = [];

  beforeAll(async () => {
    const { mesh } = await stage();
    const workloads = mesh.workloads.map(({ name, port }) => ({ name, port }));
    callers = [...workloads.map((it) => it.name), WEB.name, EDGE, POSTGRES.name, UNKNOWN];
    await putOnMasks(callers);
    doors = await Promise.all(
      [...workloads, WEB, POSTGRES].map(async ({ name, port }) => {
        const { address: host } = await readyPod(podLabels(name));
        return { name, host, port };
      }),
    );
  }, STAGE_MS);
  afterAll(takeOffMasks, STAGE_MS);

  it("the network alone joins what a contract joins, and keeps every other pair apart", {
    timeout: STAGE_MS,
  }, async () => {
    const joined = await joinedByNetwork(callers, doors);
    expect(joined.toSorted()).toEqual(joinedPairs(await stage()));
  });
}
