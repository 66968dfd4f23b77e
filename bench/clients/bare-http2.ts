// The least that a client on node:http2 can do: sends fixed bytes, reads the answer and its status, decodes nothing.
import http2 from "node:http2";
import { exchangeOf } from "../contract/exchange.ts";
import { beClient, type MakeCall } from "./child.ts";

await beClient(({ ports, headers }): MakeCall => {
  const { path, contentType, requestBody } = exchangeOf("grpc-h2", "small");
  const session = http2.connect(`http://127.0.0.1:${ports[0]}`);
  const head = { ":method": "POST", ":path": path, "content-type": contentType, te: "trailers", ...headers };
  return () =>
    new Promise((resolve, reject) => {
      const stream = session.request(head);
      let isOk = false;
      stream.on("trailers", (trailers) => (isOk = trailers["grpc-status"] === "0"));
      stream.on("data", () => {});
      stream.on("error", reject);
      stream.on("end", () => (isOk ? resolve(undefined) : reject(new Error("The call failed"))));
      stream.end(requestBody);
    });
});
