import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as x509 from "@peculiar/x509";
import type { TlsFiles } from "../identity/settings.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR_MS = 3_600_000;

/** A certificate with its key, both PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface Subject {
  readonly uris?: readonly string[];
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** Somebody who vouches for workloads. */
export interface TestAuthority {
  readonly ca: string;
  issue(subject: Subject): Promise<Issued>;
}

async function createKeys() {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { keys, pem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
}

/** Makes an authority of its own. */
export async function createAuthority(name = "CN=test authority"): Promise<TestAuthority> {
  const crypto = webcrypto as Crypto;
  const { keys } = await createKeys();
  const life = { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) };
  const isAuthority = [new x509.BasicConstraintsExtension(true)];
  const root = await x509.X509CertificateGenerator.createSelfSigned(
    { name, ...life, signingAlgorithm: ALGORITHM, keys, extensions: isAuthority },
    crypto,
  );
  return {
    ca: root.toString("pem"),
    async issue({ uris = [], hosts = [], notBefore = life.notBefore, notAfter = life.notAfter }) {
      const own = await createKeys();
      const names = [
        ...uris.map((value) => ({ type: "url", value }) as const),
        ...hosts.map((value) => ({ type: "dns", value }) as const),
      ];
      const certificate = await x509.X509CertificateGenerator.create(
        {
          subject: "",
          issuer: root.subject,
          notBefore,
          notAfter,
          signingAlgorithm: ALGORITHM,
          publicKey: own.keys.publicKey,
          signingKey: keys.privateKey,
          extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names, true)] : [],
        },
        crypto,
      );
      return { cert: certificate.toString("pem"), key: own.pem };
    },
  };
}

/** Puts credentials where a workload reads them; each file appears whole. */
export async function writeCredentials(files: TlsFiles, issued: Issued, ca: string): Promise<void> {
  const texts = { cert: issued.cert, key: issued.key, ca };
  for (const kind of ["cert", "key", "ca"] as const) {
    await mkdir(dirname(files[kind]), { recursive: true });
    await writeFile(`${files[kind]}.new`, texts[kind]);
    await rename(`${files[kind]}.new`, files[kind]);
  }
}
