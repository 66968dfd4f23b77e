// The shop as it runs in production, on MongoDB, Redis, S3, Kafka and PostgreSQL outside the cluster: real ones on this machine.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { createClient } from "@connectrpc/connect";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import type { Workload } from "#kit/settings.ts";
import { DEPENDANTS, refusalOf } from "../../services/shop/testing/failures.ts";
import {
  type EngineName,
  type FragileEngine,
  startFragileEngines,
} from "../../services/shop/testing/fragile-engines.ts";
import { ENGINES, type Engine, enginesOf, FULL } from "../engines.ts";
import { EDGE, type Mesh } from "../model.ts";
import { podLabels, WEB } from "../names.ts";
import { readMesh } from "../shop.ts";
import { deploy, tearDown } from "./lib/deploy.ts";
import { kubectl, readyPods, until } from "./lib/kubectl.ts";
import { joinedByNetwork, putOnMasks, takeOffMasks, UNKNOWN } from "./lib/masks.ts";
import { prodOnEngines, STARTED_AS } from "./lib/on-engines.ts";
import { SETTINGS } from "./lib/settings.ts";
import { edgeTransport, tlsOptions } from "./lib/users.ts";
import { type Books, readBooks, shelve } from "./load/books.ts";
import { type Crowd, startCrowd } from "./load/crowd.ts";
import { enter, type Scene, STAGE_MS } from "./stage.ts";

const STOCK = 10_000;
const PURCHASES = 20;
/** Longer than a pod takes to say that it is not ready, and to be restarted if that were to happen. */
const AWAY_MS = 40_000;
/** A proxy and a busy machine included. */
const AT_ONCE_MS = 2_000;

describe.skipIf(SETTINGS.engines === undefined)("the shop on engines outside the cluster", () => {
  let engines: Record<EngineName, FragileEngine>;
  let mesh: Mesh;
  let scene: Scene;
  let productId: string;

  beforeAll(async () => {
    [engines, mesh] = await Promise.all([startFragileEngines(SETTINGS.engines), readMesh()]);
    const { objects, secrets } = await prodOnEngines(engines);
    scene = await enter(await deploy(objects, secrets));
    productId = `cluster-${crypto.randomUUID().slice(0, 8)}`;
    await shelve(scene, productId, STOCK);
  }, STAGE_MS);
  afterAll(async () => {
    scene?.edge.close();
    if (!SETTINGS.keep) await tearDown();
    await Promise.all(Object.values(engines ?? {}).flatMap(({ server, proxy }) => [proxy.close(), server.close()]));
  }, STAGE_MS);

  const administration = async () => ({ headers: { authorization: `Bearer ${(await scene.tokens()).administrator}` } });

  /** Lets people buy until they have bought so much, and reads the books. */
  async function sell(purchases: number): Promise<{ crowd: Crowd; books: Books }> {
    const crowd = startCrowd(scene.edge, productId);
    try {
      await until("they have bought", async () => (crowd.orders.length >= purchases ? true : undefined), {
        timeoutMs: 120_000,
      });
    } finally {
      await crowd.stop();
    }
    const books = await until("every order is settled", async () => {
      const now = await readBooks(scene, productId);
      return now.open === 0 && now.stock + now.sold === STOCK ? now : undefined;
    });
    return { crowd, books };
  }

  it("sells, and its books are right", { timeout: STAGE_MS }, async () => {
    const { crowd, books } = await sell(PURCHASES);
    expect(crowd.failures).toEqual([]);
    expect(books.paid).toEqual(new Set(crowd.orders.map((it) => it.orderId)));
    expect(books.wrongPayments).toEqual([]);
  });

  it("shows a picture that was uploaded", { timeout: STAGE_MS }, async () => {
    const images = createClient(ImageService, edgeTransport(scene.edge));
    const background = { r: 200, g: 90, b: 40 };
    const content = await sharp({ create: { width: 400, height: 300, channels: 3, background } })
      .png()
      .toBuffer();
    const { image } = await images.uploadImage({ content, alt: "Orange" }, await administration());
    const imageId = image?.picture?.imageId ?? "";
    const shown = await images.getImage({ imageId });
    expect(shown.image?.picture).toMatchObject({ width: 400, height: 300, alt: "Orange" });
    const url = `https://${scene.edge.host}:${scene.edge.port}/images/${imageId}/160.webp`;
    const [response] = (await once(get(url, tlsOptions(scene.edge) as object), "response")) as [IncomingMessage];
    expect(await sharp(await buffer(response)).metadata()).toMatchObject({ format: "webp", width: 160, height: 120 });
  });

  it("is let out to the engines that each service says it uses, and to no other", { timeout: STAGE_MS }, async () => {
    const workloads = mesh.workloads.map((it) => it.name);
    const callers = [...workloads, WEB.name, EDGE, UNKNOWN];
    const doors = (Object.keys(ENGINES) as Engine[]).map((name) => {
      const { host, port } = engines[STARTED_AS[name]].proxy;
      return { name, host, port };
    });
    const expected = mesh.workloads.flatMap(({ name, deployment }) =>
      enginesOf(deployment, FULL).map((it) => `${name} → ${it}`),
    );
    await putOnMasks(callers);
    try {
      const joined = await joinedByNetwork(callers, doors);
      expect(joined.toSorted()).toEqual(expected.toSorted());
    } finally {
      await takeOffMasks();
    }
  });

  it("says what is away while engines are cut off, restarts nothing, and sells again after", {
    timeout: STAGE_MS,
  }, async () => {
    const before = await restarts();
    const all = Object.keys(engines) as EngineName[];
    const needing = (names: readonly EngineName[]) => names.flatMap((it) => DEPENDANTS[it].notReady).toSorted();
    /** Those of the workloads that need an engine of which a pod is ready. */
    const ready = async () => {
      const pods = await Promise.all(needing(all).map(async (it) => [it, await readyPods(podLabels(it))] as const));
      return pods.flatMap(([workload, { length }]) => (length > 0 ? [workload] : []));
    };
    const onlyReady = async (workloads: readonly Workload[]) =>
      isDeepStrictEqual(await ready(), workloads) ? true : undefined;
    const sinceMs = Date.now();
    try {
      // Whose things have moved away from PostgreSQL do not come back to it.
      await Promise.all(all.map((it) => (it === "PostgreSQL" ? undefined : engines[it].proxy.cutOff())));
      await until("who needs nothing but PostgreSQL alone is ready", () => onlyReady(needing(["PostgreSQL"])));
      await engines.PostgreSQL.proxy.cutOff();
      await until("nobody who needs an engine is ready", () => onlyReady([]));
      const products = createClient(ProductService, edgeTransport(scene.edge));
      const refused = await refusalOf(() => products.getProduct({ productId }));
      expect(refused).toMatchObject({ code: "Unavailable" });
      expect(refused.ms).toBeLessThan(AT_ONCE_MS);
      // What stands on nothing is still there.
      expect((await readyPods(podLabels("api"))).length).toBeGreaterThan(0);
      await createClient(StorefrontService, edgeTransport(scene.edge)).getHome({});
      await pause(Math.max(0, sinceMs + AWAY_MS - Date.now()));
    } finally {
      await Promise.all(Object.values(engines).map((it) => it.proxy.heal()));
    }
    await until("all are ready again", () => onlyReady(needing(all)));
    expect(await restarts()).toEqual(before);
    const { crowd } = await sell(PURCHASES / 2);
    expect(crowd.failures).toEqual([]);
  });

  /** How often each container was started again, by pod. */
  async function restarts(): Promise<Record<string, number>> {
    const { items } = JSON.parse(await kubectl(["get", "pods", "-o", "json"])) as {
      items: { metadata: { name: string }; status: { containerStatuses?: { restartCount: number }[] } }[];
    };
    const counts = items.map(({ metadata, status }) => {
      const count = (status.containerStatuses ?? []).reduce((sum, it) => sum + it.restartCount, 0);
      return [metadata.name, count] as const;
    });
    return Object.fromEntries(counts.filter(([name]) => !name.startsWith("mask-")));
  }
});
