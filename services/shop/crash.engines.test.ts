import { afterEach, beforeEach, describe, it } from "vitest";
import { killAtEveryMoment, type Scenario } from "./testing/crash.ts";
import { CANCELLED, DECLINED_AT_LAST, PAID } from "./testing/crash-scenarios.ts";
import { openShopEngines, type ShopEngines } from "./testing/engines.ts";

const SCENARIO_MS = 280_000;

let engines: ShopEngines;
beforeEach(async () => {
  engines = await openShopEngines();
});
afterEach(() => engines?.close());

describe("the shop on all engines, wherever the process is killed", () => {
  it.each<[string, Scenario]>([
    ["is paid, once", PAID],
    ["is cancelled with nothing charged when the bank declines at last", DECLINED_AT_LAST],
    ["is cancelled with all money back when the buyer cancels", CANCELLED],
  ])("a checkout %s", { timeout: SCENARIO_MS }, (_, scenario) => killAtEveryMoment(scenario, engines.env));
});
