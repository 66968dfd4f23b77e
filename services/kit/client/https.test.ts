import { once } from "node:events";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, createServer } from "node:tls";
import { ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAuthority, type Subject, type TestAuthority } from "../testing/certificates.ts";
import { TextService } from "./testing/echo.ts";
import { answer } from "./testing/servers.ts";
import { createServiceTransport } from "./transport.ts";

let authority: TestAuthority;
beforeAll(async () => {
  authority = await createAuthority();
});
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Starts a server with a certificate for this subject; answers its port. */
async function startServer(subject: Subject, speaksHttp2 = true): Promise<number> {
  const issued = await authority.issue(subject);
  const server = speaksHttp2
    ? createSecureServer(issued).on("stream", (stream) => answer(stream))
    : createServer({ ...issued, ALPNProtocols: ["http/1.1"] });
  server.listen(0, "127.0.0.1");
  closers.push(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** What a call ends with: the answer, or why there was none. */
async function call(baseUrls: string, options?: ConnectionOptions): Promise<string> {
  const transport = createServiceTransport({ baseUrls, ...(options && { tlsOptions: () => options }) });
  closers.push(() => transport.close());
  try {
    return (await createClient(TextService, transport).act({})).value;
  } catch (error) {
    return ConnectError.from(error).rawMessage;
  }
}

describe("a base URL of https", () => {
  it("leads to a server whose certificate is for its host", async () => {
    const port = await startServer({ hosts: ["localhost"] });
    expect(await call(`https://localhost:${port}`, { ca: authority.ca })).toBe("answer");
  });

  it("does not lead to one for another host", async () => {
    const port = await startServer({ hosts: ["shop.example"] });
    expect(await call(`https://localhost:${port}`, { ca: authority.ca })).toContain(
      "does not match certificate's altnames",
    );
  });

  it("does not lead to one that nobody known vouches for", async () => {
    const port = await startServer({ hosts: ["localhost"] });
    expect(await call(`https://localhost:${port}`)).toContain("unable to verify the first certificate");
  });

  it("does not lead to one that speaks no HTTP/2", async () => {
    const port = await startServer({ hosts: ["localhost"] }, false);
    expect(await call(`https://localhost:${port}`, { ca: authority.ca })).toMatch(
      /does not speak HTTP\/2|no application protocol/,
    );
  });
});
