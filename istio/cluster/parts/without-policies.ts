import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NAMESPACE } from "../../names.ts";
import { setContractCheck } from "../lib/contract-check.ts";
import { apply, kubectl } from "../lib/kubectl.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";
import { processVerdict } from "../table/cells.ts";
import { FAULTS_SHOWN, report } from "../table/report.ts";
import { runTable } from "../table/run.ts";
import { theNetworkAlone } from "./network.ts";

/** What Istio knows of who may call whom, and for whom. Mutual TLS stays. */
const POLICIES = [
  "authorizationpolicies.security.istio.io",
  "requestauthentications.security.istio.io",
  "sidecars.networking.istio.io",
];
const KINDS = new Set(["AuthorizationPolicy", "RequestAuthentication", "Sidecar"]);

describe("without any policy of Istio's", () => {
  let scene: Stage | undefined;
  beforeAll(async () => {
    scene = await stage();
    await setContractCheck(scene, "on");
    await kubectl(["delete", POLICIES.join(","), "--all"]);
  }, STAGE_MS);
  afterAll(async () => {
    if (scene !== undefined)
      await apply(scene.objects.filter((it) => KINDS.has(it.kind) && it.metadata.namespace === NAMESPACE));
  }, STAGE_MS);

  it("the processes hold to the table by themselves", { timeout: STAGE_MS }, async () => {
    const { mesh, runner, tokens } = await stage();
    const result = await runTable({ mesh, runner, tokens: await tokens(), expected: processVerdict });
    report("with Istio's policies removed", result);
    expect(result.faults.slice(0, FAULTS_SHOWN)).toEqual([]);
  });

  theNetworkAlone();
});
