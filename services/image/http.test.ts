import http from "node:http";
import http2 from "node:http2";
import { buffer } from "node:stream/consumers";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { eventually } from "#kit/testing/eventually.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { FORMATS, WIDTHS } from "./image.ts";
import { main } from "./main.ts";
import { testPicture } from "./testing.ts";

let mesh: TestMesh;
let id: string;
beforeAll(async () => {
  mesh = await startTestMesh({ image: main }, { postgresUrl: "postgres://127.0.0.1:1/none" });
  id = await upload(900, 600);
});
afterAll(() => mesh.close());

async function upload(width: number, height: number): Promise<string> {
  const content = await testPicture(width, height).png().toBuffer();
  const { image } = await mesh.client(ImageService).uploadImage({ content }, mesh.as("admin"));
  return image?.picture?.imageId ?? "";
}

const get = (path: string, init?: RequestInit) => fetch(`${mesh.url("image")}${path}`, init);
const counterOf = async (name: string) => {
  const text = await (await get("/metrics")).text();
  const lines = text.split("\n").filter((it) => it.startsWith(`${name}{`));
  return lines.reduce((sum, it) => sum + Number(it.split(" ").at(-1)), 0);
};

describe("GET /images/{id}/{width}.{format}", () => {
  const table = WIDTHS.flatMap((width) =>
    Object.entries(FORMATS).map(([format, type]) => [width, format, type] as const),
  );
  it.each(table)("serves %d.%s as %s, never enlarged", async (width, format, type) => {
    const response = await get(`/images/${id}/${width}.${format}`);
    const file = Buffer.from(await response.arrayBuffer());
    expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
      200,
      {
        "content-type": type,
        "content-length": `${file.length}`,
        "cache-control": "public, max-age=31536000, immutable",
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
      },
    ]);
    const shown = Math.min(width, 900);
    const { format: found, ...size } = await sharp(file).metadata();
    expect({ found, width: size.width, height: size.height }).toEqual({
      found: { webp: "webp", avif: "heif", jpg: "jpeg" }[format],
      width: shown,
      height: Math.round((shown * 2) / 3),
    });
  });

  it("makes a file once for all who ask at the same time, and for all widths beyond the original's", async () => {
    const other = await upload(300, 150);
    const before = await counterOf("shop_image_variants_made_total");
    const paths = [320, 480, 640, 960, 1280, 320, 480, 640].map((it) => `/images/${other}/${it}.webp`);
    const answers = await Promise.all(paths.map(async (it) => Buffer.from(await (await get(it)).arrayBuffer())));
    await get(paths[0] ?? "");
    for (const it of answers) expect(it.equals(answers[0] ?? Buffer.of())).toBe(true);
    expect((await counterOf("shop_image_variants_made_total")) - before).toBe(1);
  });

  it("serves a strip that is taller than the formats allow", async () => {
    const strip = await upload(20, 19_000);
    for (const format of Object.keys(FORMATS)) {
      const file = Buffer.from(await (await get(`/images/${strip}/160.${format}`)).arrayBuffer());
      expect((await sharp(file).metadata()).height).toBe(8_192);
    }
  });

  it.each([
    "/images/",
    "/images/ID",
    "/images/ID/",
    "/images/ID/161.webp",
    "/images/ID/0160.webp",
    "/images/ID/160.png",
    "/images/ID/160.WEBP",
    "/images/ID/160.webp/",
    "/images/ID/original",
    "/images/ID/info.json",
    "/images/ID/160.constructor",
    "/images/ID/../../../../etc/passwd",
    "/images/ID/..%2f..%2fetc%2fpasswd",
    "/images/ffffffffffffffffffffffffffffffff/160.webp",
    "/images/FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF/160.webp",
  ])("answers 404 to %s", async (path) => {
    // fetch would tidy the path up first.
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(mesh.url("image"), { path: path.replace("ID", id) }, resolve).on("error", reject);
    });
    response.resume();
    expect(response.statusCode).toBe(404);
    if (path !== "/images/") expect(response.headers["cache-control"]).toBe("public, max-age=10");
  });

  it("answers 405 to other methods", async () => {
    const response = await get(`/images/${id}/160.webp`, { method: "PUT" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("answers HEAD as GET without a body", async () => {
    const [head, whole] = await Promise.all([
      get(`/images/${id}/160.jpg`, { method: "HEAD" }),
      get(`/images/${id}/160.jpg`),
    ]);
    for (const name of ["content-length", "content-type", "etag", "cache-control"]) {
      expect(head.headers.get(name)).toBe(whole.headers.get(name));
    }
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("answers 304 to who has it", async () => {
    const etag = (await get(`/images/${id}/160.webp`)).headers.get("etag") ?? "";
    const status = async (header: string) => {
      const response = await get(`/images/${id}/160.webp`, { headers: { "if-none-match": header } });
      expect(response.headers.get("etag")).toBe(etag);
      return response.status;
    };
    expect(await Promise.all([etag, `W/${etag}`, `"other", ${etag}`, "*", '"other"'].map(status))).toEqual([
      304, 304, 304, 304, 200,
    ]);
    expect((await get(`/images/${id}/160.avif`)).headers.get("etag")).not.toBe(etag);
  });

  it("serves parts", async () => {
    const response = await get(`/images/${id}/160.webp`);
    const whole = Buffer.from(await response.arrayBuffer());
    const size = whole.length;
    const etag = response.headers.get("etag") ?? "";
    const part = async (headers: Record<string, string>) => {
      const answer = await get(`/images/${id}/160.webp`, { headers });
      return [answer.status, answer.headers.get("content-range"), Buffer.from(await answer.arrayBuffer())] as const;
    };
    expect(await part({ range: "bytes=0-9" })).toEqual([206, `bytes 0-9/${size}`, whole.subarray(0, 10)]);
    expect(await part({ range: "bytes=-5" })).toEqual([
      206,
      `bytes ${size - 5}-${size - 1}/${size}`,
      whole.subarray(-5),
    ]);
    expect(await part({ range: "bytes=0-9", "if-range": etag })).toEqual([
      206,
      `bytes 0-9/${size}`,
      whole.subarray(0, 10),
    ]);
    expect(await part({ range: "bytes=0-9", "if-range": '"older"' })).toEqual([200, null, whole]);
    expect((await part({ range: `bytes=${size}-` })).slice(0, 2)).toEqual([416, `bytes */${size}`]);
  });

  it("serves the same over HTTP/2", async () => {
    const session = http2.connect(mesh.url("image"));
    const stream = session.request({ ":path": `/images/${id}/160.webp` });
    const whole = Buffer.from(await (await get(`/images/${id}/160.webp`)).arrayBuffer());
    expect((await buffer(stream)).equals(whole)).toBe(true);
    session.close();
  });

  it("goes on when clients leave while their file is made", async () => {
    const other = await upload(1300, 1000);
    const leave = new AbortController();
    const left = get(`/images/${other}/1280.avif`, { signal: leave.signal });
    const session = http2.connect(mesh.url("image"));
    const stream = session.request({ ":path": `/images/${other}/960.avif` }).on("error", () => {});
    await new Promise((resolve) => stream.on("ready", resolve));
    session.destroy();
    leave.abort();
    await expect(left).rejects.toThrow();
    expect((await get(`/images/${other}/1280.avif`)).status).toBe(200);
  });

  it("counts what it serves", async () => {
    // The part of the counter that no other test of this file adds to: a file counts when all of it has been sent,
    // which who reads it may see before the counter does.
    const gone = 'shop_image_variants_served_total{format="avif",status="416",workload="image"}';
    await get(`/images/${id}/160.avif`, { headers: { range: "bytes=99999999-" } });
    await get(`/images/${"0".repeat(32)}/160.avif`, { headers: { range: "bytes=99999999-" } });
    await eventually(async () => expect(await (await get("/metrics")).text()).toContain(`${gone} 1\n`));
  });
});
