import { generateKeyPairSync, sign } from "node:crypto";

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const VERSION_0 = Buffer.from([0x02, 0x01, 0x00]);
const NO_SUBJECT = Buffer.from([SEQUENCE, 0x00]);
const NO_ATTRIBUTES = Buffer.from([0xa0, 0x00]);
/** The algorithm ecdsa-with-SHA256 (RFC 5758). */
const ECDSA_SHA256 = Buffer.from([SEQUENCE, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);

/** Tag, length and value of DER. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), value]);
}

/** A new key pair, and the request to certify it (RFC 2986) without a subject: who it is for, the issuer knows itself. */
export function certificateRequest(): { readonly key: string; readonly request: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const info = der(SEQUENCE, VERSION_0, NO_SUBJECT, publicKey.export({ type: "spki", format: "der" }), NO_ATTRIBUTES);
  const signature = der(BIT_STRING, Buffer.from([0x00]), sign("sha256", info, privateKey));
  const base64 = der(SEQUENCE, info, ECDSA_SHA256, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    request: ["-----BEGIN CERTIFICATE REQUEST-----", ...lines, "-----END CERTIFICATE REQUEST-----", ""].join("\n"),
  };
}
