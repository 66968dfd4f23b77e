import { once } from "node:events";
import http2 from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echoContract } from "../testing/contract.ts";
import { fakeMain } from "../testing/fake.ts";
import { startTestMesh, type TestMesh } from "../testing/mesh.ts";

const Echo = echoContract();
const PATH = `/${Echo.typeName}/Account`;

let mesh: TestMesh;
beforeAll(async () => {
  const main = fakeMain(Echo, { account: async () => ({ value: "there" }) });
  mesh = await startTestMesh({ product: main }, { postgresUrl: "postgres://nobody" });
});
afterAll(() => mesh.close());

/** Sends a request without a byte; its end comes with the header, or right after in an empty DATA frame as Envoy sends it. */
async function send(version: "header" | "frame"): Promise<number> {
  const session = http2.connect(mesh.url("product"));
  try {
    const { token } = mesh.as("customer");
    const header = {
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/proto",
      // Not known yet, so that it is checked while the end of the request comes.
      authorization: `Bearer ${token}`,
      ...mesh.prove("edge"),
    };
    const stream = session.request(header, { endStream: version === "header" });
    if (version === "frame") stream.end();
    stream.resume();
    const [answer] = (await once(stream, "response", { signal: AbortSignal.timeout(3_000) })) as [
      http2.IncomingHttpHeaders,
    ];
    return Number(answer[":status"]);
  } finally {
    session.destroy();
  }
}

describe("a request of no bytes, whose token is checked while it ends", () => {
  it.each(["header", "frame"] as const)("is answered, its end in the %s", async (version) => {
    for (let attempt = 0; attempt < 5; attempt++) expect(await send(version)).toBe(200);
  });

  it.each(["1.1", "2"] as const)("is answered to a client of HTTP/%s", async (httpVersion) => {
    const transport = createConnectTransport({ baseUrl: mesh.url("product"), httpVersion });
    const client = createClient(Echo, transport);
    for (let attempt = 0; attempt < 5; attempt++) {
      const { headers = {} } = mesh.as("customer");
      const options = {
        headers: { ...Object.fromEntries(new Headers(headers)), ...mesh.prove("edge") },
        timeoutMs: 3_000,
      };
      const { value } = await client
        .account({}, options)
        .catch((error: { code: Code }) => ({ value: Code[error.code] }));
      expect(value).toBe("there");
    }
  });
});
