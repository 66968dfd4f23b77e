// The least that node:http2 can do: reads the body, answers fixed bytes. What every other server is held against.
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { beChild } from "../process/child.ts";
import type { Ports } from "../process/messages.ts";
import { exchangesByPath, keyOf } from "./fixed-answers.ts";

// Several, for clients that balance.
const PORTS = 3;

const { HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = http2.constants;

const exchanges = exchangesByPath(["grpc-h2", "connect-json-h2", "connect-proto-h2"]);

function onStream(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  const type = `${headers[HTTP2_HEADER_CONTENT_TYPE]}`;
  const exchange = exchanges.get(keyOf(`${headers[HTTP2_HEADER_PATH]}`, type));
  const isGrpc = type.startsWith("application/grpc");
  stream.on("error", () => {}); // the load's end cuts calls off
  stream.on("data", () => {});
  stream.on("end", () => {
    if (exchange === undefined) return stream.respond({ [HTTP2_HEADER_STATUS]: 404 }, { endStream: true });
    const head = { [HTTP2_HEADER_STATUS]: 200, [HTTP2_HEADER_CONTENT_TYPE]: exchange.contentType };
    if (isGrpc) {
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    } else stream.respond(head);
    stream.end(exchange.answerBody);
  });
}

async function open(): Promise<number> {
  const server = http2.createServer();
  server.on("stream", onStream);
  server.on("session", (session) => session.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

await beChild(async () => {
  const all = await Promise.all(Array.from({ length: PORTS }, open));
  return { ready: { h2: all[0], all } as Ports };
});
