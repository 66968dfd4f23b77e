import { describe, expect, it } from "vitest";
import type { Deployment } from "#kit/deployment.ts";
import { readSettings } from "#kit/settings.ts";
import { ENGINES, type Engine, enginesOf, FULL, LEAN, settingsIn } from "./engines.ts";
import { readMesh } from "./shop.ts";

const size = { cpuMillis: 1, memoryMiB: 1, memoryMaxMiB: 1 };
const product: Deployment = {
  store: "postgres",
  size,
  engines: [
    { keeps: "data", on: "mongodb" },
    { keeps: "events", on: "kafka" },
  ],
};
const image: Deployment = {
  store: "postgres",
  size,
  settings: { IMAGE_STORE: "postgres", PACE: "1" },
  engines: [{ keeps: "data", on: "s3", settings: { IMAGE_STORE: "s3" } }],
};
const order: Deployment = { store: "postgres", size, engines: [{ keeps: "events", on: "kafka" }] };
const api: Deployment = { store: "none", size };

const shop = (...engines: Engine[]) => new Set<Engine>(["postgres", ...engines]);

describe("the engines that a service uses", () => {
  it.each<[string, Deployment, ReadonlySet<Engine>, Engine[]]>([
    ["PostgreSQL, where there is nothing else", product, LEAN, ["postgres"]],
    ["none, where it keeps nothing", api, LEAN, []],
    ["PostgreSQL for what stays there", product, shop("mongodb"), ["postgres", "mongodb"]],
    ["PostgreSQL for what stays there, the other way round", product, shop("kafka"), ["postgres", "kafka"]],
    ["its own alone, where all has moved", product, shop("mongodb", "kafka"), ["mongodb", "kafka"]],
    ["its own alone, where it has no events", image, shop("s3", "kafka"), ["s3"]],
    ["PostgreSQL, where no engine takes its data", order, FULL, ["postgres", "redis", "kafka"]],
    ["Redis, for what replicas share", api, FULL, ["redis"]],
  ])("are %s", (_, deployment, engines, expected) => {
    expect(enginesOf(deployment, engines)).toEqual(expected);
  });

  it("change its settings where they say so", () => {
    expect(settingsIn(image, LEAN)).toEqual({ IMAGE_STORE: "postgres", PACE: "1" });
    expect(settingsIn(image, FULL)).toEqual({ IMAGE_STORE: "s3", PACE: "1" });
  });
});

describe("the shop's engines", () => {
  it("are each used by somebody", async () => {
    const { workloads } = await readMesh();
    const used = new Set(workloads.flatMap((it) => enginesOf(it.deployment, FULL)));
    expect([...used].sort()).toEqual(Object.keys(ENGINES).sort());
  });

  it("are found by settings that the kit knows", () => {
    for (const { variable } of Object.values(ENGINES))
      expect(() => readSettings({ [variable]: "nonsense" }), variable).toThrow(variable);
  });
});
