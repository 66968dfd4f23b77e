// What is the protocol's or the connection's own business; nobody's metadata may say it.
const RESERVED = new Set([
  "te",
  "host",
  "content-type",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-previous-rpc-attempts",
]);

/** Adds metadata to a header, except what is in there already and what the protocol says itself. */
export function addMetadata(header: string[], metadata: Headers): void {
  const ownLength = header.length;
  metadata.forEach((value, name) => {
    if (RESERVED.has(name)) return;
    for (let at = 0; at < ownLength; at += 2) if (header[at] === name) return;
    header.push(name, value);
  });
}
