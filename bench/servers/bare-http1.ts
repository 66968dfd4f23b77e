// The least that node:http can do: reads the body, answers fixed bytes.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { beChild } from "../process/child.ts";
import type { Ports } from "../process/messages.ts";
import { exchangesByPath, keyOf } from "./fixed-answers.ts";

const exchanges = exchangesByPath(["connect-json-h1", "connect-proto-h1"]);

const server = http.createServer((request, response) => {
  const exchange = exchanges.get(keyOf(request.url ?? "", request.headers["content-type"] ?? ""));
  request.on("data", () => {});
  request.on("end", () => {
    if (exchange === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": exchange.contentType, "content-length": exchange.answerBody.length });
    response.end(exchange.answerBody);
  });
});

await beChild(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { ready: { h1: (server.address() as AddressInfo).port } satisfies Ports };
});
