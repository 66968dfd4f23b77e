import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";
import { type JwkSet, TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { createProofs } from "#kit/identity/proof.ts";
import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";

/** What a server has to know to verify the caller; crosses to its process as JSON. */
export interface Trust {
  readonly keys: JwkSet;
  readonly workloadSecretHex: string;
}

/** Who makes the measured calls: api, on behalf of a customer, as when a page is put together. */
export interface Caller {
  /** The headers that every measured call carries, to every server alike. */
  readonly headers: Readonly<Record<string, string>>;
  readonly trust: Trust;
}

const SECRET_BYTES = 32;
const TOKEN_SECONDS = 6 * 3600;
const WORKLOAD = "api";

/** A caller with a proof of its workload and an access token of its own. */
export function createCaller(): Caller {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = "bench";
  const secret = randomBytes(SECRET_BYTES);
  const token = jwt.sign({ sid: randomUUID(), role: "customer" }, privateKey, {
    algorithm: "ES256",
    keyid: kid,
    subject: randomUUID(),
    issuer: TOKEN_ISSUER,
    audience: TOKEN_ISSUER,
    expiresIn: TOKEN_SECONDS,
  });
  return {
    headers: {
      authorization: `Bearer ${token}`,
      [WORKLOAD_HEADER]: createProofs(secret).prove(WORKLOAD),
    },
    trust: {
      keys: { keys: [{ ...publicKey.export({ format: "jwk" }), kid }] },
      workloadSecretHex: secret.toString("hex"),
    },
  };
}
