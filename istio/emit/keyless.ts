/**
 * A public key that nobody has the private key of, so that no token is valid by it: a point of P-256 found by the hash of a
 * sentence (its x), and not by multiplying a secret. The test beside it does it again.
 */
export const KEYLESS_SENTENCE = "Shopmesh: nobody has the private key of this point";
export const KEYLESS = {
  kty: "EC",
  crv: "P-256",
  alg: "ES256",
  x: "E2NPuF4ZKm-4UqsNM9zkuuAoGo_KunXm9QoP7z31Sec",
  y: "59YDis_KH-vnVMoi-VLRnS6j863bTeLYNE-y5SEH71Y",
} as const;
