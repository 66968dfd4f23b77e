import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsFiles } from "../identity/settings.ts";
import { StartError } from "../start-error.ts";
import { spiffeIdIn } from "./certificate.ts";

/** A workload's certificate with its key, and who vouches for the others'; all PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly minVersion: "TLSv1.2";
  /** When the certificate is of no use any more. */
  readonly expires: Date;
  /** The same, for connections of clients. */
  readonly secureContext: SecureContext;
}

const VARIABLES = { cert: "TLS_CERT", key: "TLS_KEY", ca: "TLS_CA" } as const;
type Kind = keyof typeof VARIABLES;

/** The files' contents, of one moment: a new certificate comes with a new key, and reading takes a while. */
async function readTogether(files: TlsFiles): Promise<Record<Kind, string>> {
  const readAll = async () => {
    const kinds = Object.keys(VARIABLES) as Kind[];
    const texts = await Promise.all(kinds.map((kind) => read(kind, files[kind])));
    return Object.fromEntries(kinds.map((kind, at) => [kind, texts[at] ?? ""])) as Record<Kind, string>;
  };
  let last = await readAll();
  for (let attempt = 0; attempt < READS_MAX; attempt++) {
    const now = await readAll();
    if (now.cert === last.cert && now.key === last.key && now.ca === last.ca) return now;
    last = now;
  }
  throw new StartError("The files of TLS_CERT, TLS_KEY and TLS_CA change all the time.");
}
const READS_MAX = 5;

async function read(kind: Kind, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown reason" } = error as NodeJS.ErrnoException;
    throw new StartError(`${VARIABLES[kind]} is "${path}", but that file cannot be read (${code}).`);
  }
}

function parsed<T>(kind: Kind, path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new StartError(`${VARIABLES[kind]} is "${path}", but that file does not hold ${what} (PEM).`);
  }
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All certificates in a text, of which there must be one at least. */
function certificatesIn(text: string): [X509Certificate, ...X509Certificate[]] {
  const [first = "", ...rest] = text.match(BLOCK) ?? [];
  return [new X509Certificate(first), ...rest.map((it) => new X509Certificate(it))];
}

function checkTime(certificate: X509Certificate, path: string, nowMs: number): void {
  const { validFromDate, validToDate } = certificate;
  if (validToDate.getTime() <= nowMs)
    throw new StartError(`The certificate of TLS_CERT ("${path}") expired on ${validToDate.toISOString()}.`);
  if (validFromDate.getTime() > nowMs)
    throw new StartError(`The certificate of TLS_CERT ("${path}") is not valid before ${validFromDate.toISOString()}.`);
}

/**
 * Reads and checks the credentials of a workload.
 * @param spiffeId what its certificate must be for
 * @throws StartError with a sentence that says which file is wrong and why
 */
export async function readCredentials(files: TlsFiles, spiffeId: string): Promise<Credentials> {
  const { cert, key, ca } = await readTogether(files);
  const [certificate] = parsed("cert", files.cert, "certificates", () => certificatesIn(cert));
  const privateKey = parsed("key", files.key, "a private key without a passphrase", () => createPrivateKey(key));
  parsed("ca", files.ca, "certificates", () => certificatesIn(ca));
  if (!certificate.checkPrivateKey(privateKey))
    throw new StartError(`TLS_KEY ("${files.key}") is not the key of the certificate of TLS_CERT ("${files.cert}").`);
  checkTime(certificate, files.cert, Date.now());
  const subject = spiffeIdIn(certificate);
  if (subject !== spiffeId)
    throw new StartError(
      `The certificate of TLS_CERT ("${files.cert}") is for ${subject ?? "no SPIFFE id"}, but must be for ${spiffeId}.`,
    );
  const options = { cert, key, ca, minVersion: "TLSv1.2" } as const;
  const secureContext = parsed("cert", files.cert, "a chain of certificates", () => createSecureContext(options));
  return { ...options, expires: certificate.validToDate, secureContext };
}
