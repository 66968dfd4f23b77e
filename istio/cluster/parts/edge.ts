import http from "node:http";
import http2 from "node:http2";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { beforeAll, describe, expect, it } from "vitest";
import { ErrorInfoSchema, RequestInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { policyOf } from "#kit/policy.ts";
import { PEOPLE_PER_ADDRESS } from "../../emit/edge/limits.ts";
import { edgeTable } from "../../testing/edge-table.ts";
import { edgeTransport, tlsOptions } from "../lib/users.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";

const TOO_LARGE_BYTES = 2_000_000;
const TOO_MANY = 429;

let scene: Stage;

interface Answer {
  readonly status: number | undefined;
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
}

/** Calls over one connection, so at one of the ingress' replicas, until it says that these are too many. */
async function flood(path: string, timesMax: number): Promise<Answer[]> {
  const { host, port } = scene.edge;
  const session = http2.connect(`https://${host}:${port}`, tlsOptions(scene.edge) as object);
  session.on("error", () => {});
  const answers: Answer[] = [];
  while (answers.length < timesMax && answers.at(-1)?.status !== TOO_MANY) {
    // A stream asked for as if it were no stream: a service refuses that without any effort.
    const request = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
    request.end("{}");
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
      request.once("response", resolve).once("error", reject);
    });
    const body = Buffer.concat(await request.toArray()).toString();
    answers.push({ status: Number(headers[":status"]), headers, body });
  }
  session.close();
  return answers;
}

/** An answer's status and header over HTTP in clear. */
function inClear(port: number, path: string): Promise<http.IncomingMessage> {
  const { address, host } = scene.edge;
  return new Promise((resolve, reject) => {
    http.get({ host: address, port, path, headers: { host } }, resolve).on("error", reject);
  });
}

describe("the ingress", () => {
  beforeAll(async () => {
    scene = await stage();
  }, STAGE_MS);

  it("answers every RPC, in every protocol, for every kind of user, as its contract says", {
    timeout: STAGE_MS,
  }, async () => {
    const { administrator: admin, ...others } = await scene.tokens();
    const { host, port } = scene.edge;
    const address = { baseUrl: `https://${host}:${port}`, nodeOptions: tlsOptions(scene.edge) };
    const { calls, wrong } = await edgeTable(address, scene.mesh, { ...others, admin });
    console.info(`the edge's table: ${calls} calls, ${wrong.length} answered otherwise than the contract says`);
    expect(wrong).toEqual([]);
  });

  it("sends whoever comes in clear to HTTPS", async (context) => {
    const { httpPort, host } = scene.edge;
    if (httpPort === undefined) return context.skip("plain HTTP cannot be reached from here");
    const answer = await inClear(httpPort, "/products?query=lamp");
    expect(answer.resume().statusCode).toBe(308);
    expect(answer.headers.location).toMatch(new RegExp(`^https://${host}(:443)?/products\\?query=lamp$`));
    expect(answer.headers["strict-transport-security"]).toBeUndefined();
  });

  it("says no to what is too large, with the reason a service would give, and no service hears of it", async () => {
    const products = createClient(ProductService, edgeTransport(scene.edge));
    const error = await products
      .getProduct({ productId: "x".repeat(TOO_LARGE_BYTES) })
      .catch((thrown: unknown) => ConnectError.from(thrown));
    if (!(error instanceof ConnectError)) throw new Error("It was not refused");
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("MESSAGE_TOO_LARGE");
    // Services name the request; the ingress cannot.
    expect(error.findDetails(RequestInfoSchema)).toEqual([]);
  });

  it("lets an address call as often as its people may, and refuses the rest", { timeout: STAGE_MS }, async () => {
    const { watchStatus } = MeshService.method;
    const allowed = (policyOf(watchStatus).rateLimit?.requests ?? 0) * PEOPLE_PER_ADDRESS;
    // An allowance comes back bit by bit while it is used.
    const answers = await flood(`/${MeshService.typeName}/${watchStatus.name}`, 2 * allowed);
    const last = answers.at(-1);
    expect(last?.status, `after ${answers.length} calls`).toBe(TOO_MANY);
    expect(JSON.parse(last?.body ?? "")).toMatchObject({
      code: "resource_exhausted",
      details: [{ debug: { reason: "RATE_LIMITED" } }],
    });
    expect(last?.headers).toMatchObject({
      "retry-after": expect.stringMatching(/^\d+$/),
      "strict-transport-security": expect.stringMatching(/^max-age=/),
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
    expect(last?.headers.server).toBeUndefined();
  });
});
