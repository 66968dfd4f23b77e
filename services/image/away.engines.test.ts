import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { startTcpProxy, type TcpProxy } from "#kit/testing/engines/proxy.ts";
import { startMinio } from "#kit/testing/engines/s3.ts";
import type { TestServer } from "#kit/testing/engines/server.ts";
import { eventually } from "#kit/testing/eventually.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main } from "./main.ts";
import { testPicture } from "./testing.ts";

/** Longer than any engine is waited for, with room for a busy machine. */
const SOON_MS = 4_000;
/** What is known to be away is not asked at all. */
const AT_ONCE_MS = 500;

describe("pictures while their S3 is away", () => {
  let server: TestServer;
  let proxy: TcpProxy;
  let mesh: TestMesh;
  let id: string;

  beforeAll(async () => {
    server = await startMinio();
    proxy = await startTcpProxy("127.0.0.1", server.port);
    const url = new URL(server.url);
    url.port = `${proxy.port}`;
    mesh = await startTestMesh(
      { image: main },
      { env: { S3_URL: url.href }, postgresUrl: "postgres://127.0.0.1:1/none" },
    );
    id = await upload(1);
    expect((await get()).status).toBe(200);
  });
  afterAll(async () => {
    await mesh?.close();
    await proxy?.close();
    await server?.close();
  });

  const keep = async (content: Uint8Array) => {
    const { image } = await mesh.client(ImageService).uploadImage({ content }, mesh.as("admin"));
    return image?.picture?.imageId ?? "";
  };
  const upload = async (shade: number) => keep(await testPicture(600, 400, shade).png().toBuffer());
  const get = (path = `/images/${id}/320.webp`) => fetch(`${mesh.url("image")}${path}`);
  const durationOf = async (work: () => Promise<unknown>) => {
    const startMs = performance.now();
    await work();
    return performance.now() - startMs;
  };
  const refused = async () => {
    const error = await mesh
      .client(ImageService)
      .getImage({ imageId: id })
      .catch((it: unknown) => it);
    expect(error).toMatchObject({ code: Code.Unavailable });
  };
  const isBack = () =>
    eventually(async () => {
      expect((await get()).status).toBe(200);
      expect((await get("/ready")).status).toBe(200);
      expect((await mesh.client(ImageService).getImage({ imageId: id })).image?.picture?.imageId).toBe(id);
    });

  const WAYS: readonly [string, () => Promise<void>, () => Promise<void>][] = [
    ["is frozen", () => server.pause(), () => server.resume()],
    ["has crashed", () => server.kill(), () => server.restart()],
    ["is cut off", () => proxy.cutOff(), () => proxy.heal()],
    ["is in another part of a network that has split", async () => proxy.blackHole(), () => proxy.heal()],
  ];

  it.each(WAYS)("are refused soon, then at once, and are back by themselves: it %s", async (_, leave, comeBack) => {
    await leave();
    expect(await durationOf(refused)).toBeLessThan(SOON_MS);
    for (let call = 0; call < 5; call++) await refused();
    expect(await durationOf(refused)).toBeLessThan(AT_ONCE_MS);
    // What was asked for lately is still there; what was not cannot be had.
    expect((await get()).status).toBe(200);
    const answer = await get(`/images/${id}/480.webp`);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([503, "no-store"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await get("/ready")).status).toBe(503);
    expect((await get("/health")).status).toBe(200);
    await comeBack();
    await isBack();
  });

  it("are all there again, whole, when uploads and downloads were cut off again and again", async () => {
    // Noise, so that the file is too large for the memory and read in several pieces.
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const picture = sharp({ create: { width: 1280, height: 1280, channels: 3, background: "#fff", noise } });
    const large = `/images/${await keep(await picture.png().toBuffer())}/1280.jpg`;
    expect((await (await get(large)).arrayBuffer()).byteLength).toBeGreaterThan(500_000);
    const tried = new Set<number>();
    const uploaded = new Map<number, string>();
    let over = false;
    const uploading = (async () => {
      for (let shade = 2; !over; shade++) {
        tried.add(shade);
        const imageId = await upload(shade).catch(() => undefined);
        if (imageId !== undefined) uploaded.set(shade, imageId);
        await sleep(30);
      }
    })();
    const downloading = (async () => {
      const sizes = new Set<number>();
      while (!over) {
        const answer = await get(large).catch(() => undefined);
        const body = answer?.status === 200 ? await answer.arrayBuffer().catch(() => undefined) : undefined;
        if (body !== undefined) sizes.add(body.byteLength);
        await sleep(5);
      }
      return sizes;
    })();
    for (let cut = 0; cut < 6; cut++) {
      await sleep(400);
      await proxy.cutOff();
      await sleep(100);
      await proxy.heal();
    }
    over = true;
    await uploading;
    // Whatever came to its end was the whole file.
    expect((await downloading).size).toBe(1);
    await isBack();
    for (const shade of tried) {
      const imageId = await eventually(() => upload(shade));
      if (uploaded.has(shade)) expect(imageId).toBe(uploaded.get(shade));
      await eventually(async () => expect((await get(`/images/${imageId}/160.webp`)).status).toBe(200));
    }
    const { images } = await mesh.client(ImageService).listImages({ pageSize: 200 }, mesh.as("admin"));
    expect(images).toHaveLength(tried.size + 2);
  });
});
