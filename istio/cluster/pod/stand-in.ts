// Stands in for a service: fails or hangs as a call asks it to, and counts. It serves on the port that its environment
// names, HTTP/2 without TLS, as every service does behind its sidecar.
import http2 from "node:http2";
import { BEHAVIOUR, type Behaviour, CALL, COUNTS, type Counts } from "./behaviour.ts";

const seen = new Map<string, Counts>();

const UNAVAILABLE = "14";
const STREAM_PERIOD_MS = 1_000;
const EMPTY_MESSAGE = Buffer.alloc(5);

const BEHAVE: Record<Behaviour, (stream: http2.ServerHttp2Stream) => void> = {
  "fail by gRPC"(stream) {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": UNAVAILABLE },
      { endStream: true },
    );
  },
  "fail by HTTP"(stream) {
    stream.respond({ ":status": 503, "content-type": "application/json" });
    stream.end('{"code":"unavailable"}');
  },
  hang() {},
  stream(stream) {
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" });
    const timer = setInterval(() => stream.write(EMPTY_MESSAGE), STREAM_PERIOD_MS);
    stream.once("close", () => clearInterval(timer));
  },
};

http2
  .createServer()
  .on("stream", (stream, headers) => {
    stream.on("error", () => {});
    if (headers[":path"] === COUNTS) {
      stream.respond({ ":status": 200, "content-type": "application/json" });
      stream.end(JSON.stringify(Object.fromEntries(seen)));
      return;
    }
    const call = `${headers[CALL]}`;
    const counts = seen.get(call) ?? { arrived: 0, cut: 0 };
    seen.set(call, counts);
    counts.arrived += 1;
    stream.once("aborted", () => (counts.cut += 1));
    const behave = BEHAVE[`${headers[BEHAVIOUR]}` as Behaviour];
    if (behave === undefined) stream.respond({ ":status": 404 }, { endStream: true });
    else behave(stream);
  })
  .listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
