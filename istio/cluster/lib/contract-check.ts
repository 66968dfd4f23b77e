import { WEB } from "../../names.ts";
import type { Stage } from "../stage.ts";
import { kubectl, rolledOut } from "./kubectl.ts";

/** The setting of the kit, which only dev allows: whether a process checks callers and users itself. */
const VARIABLE = "CONTRACT_CHECK";

/** Gives every workload a version with the in-process check on or off, all at once, and waits until nothing else runs. */
export async function setContractCheck({ mesh }: Pick<Stage, "mesh">, check: "on" | "off"): Promise<void> {
  const names = [...mesh.workloads.map((it) => it.name), WEB.name];
  const deployments = names.map((it) => `deployment/${it}`);
  await kubectl(["set", "env", ...deployments, check === "off" ? `${VARIABLE}=off` : `${VARIABLE}-`]);
  await Promise.all(names.map((it) => rolledOut(it)));
}
