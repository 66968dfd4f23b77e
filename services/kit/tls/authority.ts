import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as x509 from "@peculiar/x509";
import type { TlsFiles } from "../identity/settings.ts";

/** A certificate with its key, both PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** When a certificate is valid. */
export interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What a certificate says. */
export interface Subject extends Partial<Life> {
  readonly uris?: readonly string[];
  readonly hosts?: readonly string[];
}

/** Somebody who vouches for workloads; the key that does it is in its memory alone and goes with it. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  /** Makes a key, and a certificate for it that a server may show as well as a client. */
  issue(subject: Subject): Promise<Issued>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Who has the key may read it, and who shares the owner's group. */
const KEY_MODE = 0o640;
const OPEN_MODE = 0o644;

async function createKeys() {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { keys, pem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
}

const { digitalSignature, keyCertSign } = x509.KeyUsageFlags;
const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;

/**
 * Makes an authority of its own.
 * @param options.life that of its certificate, and of those it issues where they say nothing else
 */
export async function createAuthority({ name, life }: { name: string; life: Life }): Promise<Authority> {
  const crypto = webcrypto as Crypto;
  const { keys } = await createKeys();
  const isAuthority = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(keyCertSign, true),
  ];
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
          extensions: [
            new x509.KeyUsagesExtension(digitalSignature, true),
            new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
            // Without a subject the names are all that is said, so that none may overlook them.
            ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names, true)] : []),
          ],
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
    await writeFile(`${files[kind]}.new`, texts[kind], { mode: kind === "key" ? KEY_MODE : OPEN_MODE });
    await rename(`${files[kind]}.new`, files[kind]);
  }
}
