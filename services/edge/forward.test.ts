import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { afterEach, expect, it } from "vitest";
import { createForwarder } from "./forward.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listening(server: net.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const HIDDEN = "GET /hidden HTTP/1.1\r\nhost: shop\r\n\r\n";
const CHUNKED = `transfer-encoding: chunked\r\n\r\n${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;
const SIZED = `content-length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`;
const METHODS = ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "POST"];

it.each(METHODS.flatMap((it) => [[it, CHUNKED] as const, [it, SIZED] as const]))(
  "hides no second request in the body of a %s with %s",
  async (method, rest) => {
    const seen: string[] = [];
    const service = http.createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      request.resume().on("end", () => response.end());
    });
    const servicePort = await listening(service);
    const forwarder = createForwarder({ header: {} }, () => `http://127.0.0.1:${servicePort}`);
    closers.push(() => forwarder.close());
    const edge = http.createServer((request, response) => forwarder.forward(request, response, "image"));
    const client = net.connect(await listening(edge), "127.0.0.1");
    client.write(`${method} /images/1 HTTP/1.1\r\nhost: shop\r\n${rest}`);
    await once(client, "data");
    client.write("GET /last HTTP/1.1\r\nhost: shop\r\n\r\n");
    await expect.poll(() => seen).toContain("GET /last");
    client.destroy();
    expect(seen).toEqual([`${method} /images/1`, "GET /last"]);
  },
);
