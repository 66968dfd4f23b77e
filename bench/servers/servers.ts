import { PROTOCOLS, type Protocol } from "../contract/exchange.ts";

/** A server that is measured. */
export interface ServerKind {
  readonly name: "node:http2" | "node:http" | "grpc-js" | "connect-node" | "ours, bare" | "ours, full";
  readonly script: string;
  readonly protocols: readonly Protocol[];
}

/** In the order of the tables; the first that speaks a protocol is what the others are held against. */
export const SERVERS: readonly ServerKind[] = [
  {
    name: "node:http2",
    script: "servers/bare-http2.ts",
    protocols: ["grpc-h2", "connect-json-h2", "connect-proto-h2"],
  },
  { name: "node:http", script: "servers/bare-http1.ts", protocols: ["connect-json-h1", "connect-proto-h1"] },
  { name: "grpc-js", script: "servers/grpc-js.ts", protocols: ["grpc-h2"] },
  { name: "connect-node", script: "servers/connect-node.ts", protocols: PROTOCOLS },
  { name: "ours, bare", script: "servers/kit-bare.ts", protocols: PROTOCOLS },
  { name: "ours, full", script: "servers/kit-full.ts", protocols: PROTOCOLS },
];
