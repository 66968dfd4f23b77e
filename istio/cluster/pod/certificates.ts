import { type Certificate, type Issuer, issueCertificate } from "./identity.ts";
import { answer, input } from "./input.ts";

/** Gets a certificate of the mesh for each service account's token. */
export interface CertificatesInput {
  readonly issuer: Issuer;
  readonly tokens: Readonly<Record<string, string>>;
  readonly validSeconds: number;
}

const { issuer, tokens, validSeconds } = input<CertificatesInput>();
const found: Record<string, Certificate> = {};
for (const [name, token] of Object.entries(tokens)) found[name] = await issueCertificate(issuer, token, validSeconds);
answer(found);
