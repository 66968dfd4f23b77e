/** A client that is measured. */
export interface ClientKind {
  readonly name: string;
  readonly script: string;
}

/** In the order of the table. */
export const CLIENTS: readonly ClientKind[] = [
  { name: "node:http2", script: "clients/bare-http2.ts" },
  { name: "grpc-js", script: "clients/grpc-js.ts" },
  { name: "grpc-js, round robin", script: "clients/grpc-js-round-robin.ts" },
  { name: "connect-node", script: "clients/connect-node.ts" },
  { name: "ours", script: "clients/kit.ts" },
  { name: "ours, round robin", script: "clients/kit-round-robin.ts" },
];
