import type { X509Certificate } from "node:crypto";

// "URI:spiffe://…, DNS:shop": names with special characters are written as JSON strings.
const NAME = /(?:^|, )([\w ]+):("(?:[^"\\]|\\.)*"|[^",]*)/gy;

/**
 * The SPIFFE id of a certificate: its one URI (X509-SVID.md, section 2); undefined if it has none or several.
 * @param names as node writes a certificate's subject alternative names
 */
export function spiffeIdOfNames(names: string | undefined): string | undefined {
  let found: string | undefined;
  let end = 0;
  for (const match of (names ?? "").matchAll(NAME)) {
    end = match.index + match[0].length;
    if (match[1] !== "URI") continue;
    if (found !== undefined) return undefined;
    found = match[2]?.startsWith('"') ? (JSON.parse(match[2]) as string) : match[2];
  }
  const isUnderstood = end === (names ?? "").length;
  return isUnderstood && found?.startsWith("spiffe://") ? found : undefined;
}

export function spiffeIdIn(certificate: X509Certificate): string | undefined {
  return spiffeIdOfNames(certificate.subjectAltName);
}
