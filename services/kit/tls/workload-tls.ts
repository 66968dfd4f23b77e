import type { ConnectionOptions, PeerCertificate } from "node:tls";
import type { Logger } from "pino";
import type { TlsFiles } from "../identity/settings.ts";
import { type Realm, spiffeIdOf } from "../identity/spiffe.ts";
import { spiffeIdOfNames } from "./certificate.ts";
import { type Credentials, readCredentials } from "./credentials.ts";

/** The TLS of a workload: what it shows on its port and to others, and whom it believes. */
export interface WorkloadTls {
  /** The newest. */
  readonly credentials: Credentials;
  /** Calls back with each new certificate. @returns the way not to be told. */
  onRenewal(listener: (credentials: Credentials) => void): () => void;
  /** For a connection to a workload: shows who this is, and accepts only that workload, wherever it is found. */
  optionsTo(workload: string): ConnectionOptions;
  close(): void;
}

// Kubernetes itself takes a minute or so to change the files of a Secret; certificates are renewed hours before they end.
const POLL_MS = 10_000;
const WARN_BEFORE_MS = 60 * 60_000;
const WARN_AGAIN_MS = 10 * 60_000;

/** Why a server's certificate is not that of the workload that is meant; its host's name says nothing about that. */
function identityFault(certificate: PeerCertificate, spiffeId: string): Error | undefined {
  const found = spiffeIdOfNames(certificate.subjectaltname);
  return found === spiffeId ? undefined : new Error(`${spiffeId} is meant, but ${found ?? "somebody else"} answers`);
}

/**
 * Reads a workload's credentials, and again whenever their files change: whoever renews certificates needs no restart.
 * What replaces them and is not right is logged, and the old ones stay. Connections that stand are not touched.
 * @throws StartError when they are not right at the start
 */
export async function openWorkloadTls(options: {
  readonly workload: string;
  readonly files: TlsFiles;
  readonly realm: Realm;
  readonly log: Logger;
  readonly pollMs?: number | undefined;
}): Promise<WorkloadTls> {
  const { workload, files, realm, log, pollMs = POLL_MS } = options;
  const spiffeId = spiffeIdOf(workload, realm);
  const listeners = new Set<(credentials: Credentials) => void>();
  let credentials = await readCredentials(files, spiffeId);
  let fault = "";
  let faultSeen = 0;
  let warnedMs = Number.NEGATIVE_INFINITY;

  const warnOfEnd = () => {
    const nowMs = Date.now();
    if (credentials.expires.getTime() - nowMs > WARN_BEFORE_MS || nowMs - warnedMs < WARN_AGAIN_MS) return;
    warnedMs = nowMs;
    log.warn({ workload, expires: credentials.expires }, "the certificate ends soon and has not been renewed");
  };
  const renew = async () => {
    try {
      const next = await readCredentials(files, spiffeId);
      fault = "";
      if (next.cert === credentials.cert && next.key === credentials.key && next.ca === credentials.ca) return;
      credentials = next;
      log.info({ workload, expires: next.expires }, "a new certificate is in use");
      for (const it of listeners) it(next);
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      faultSeen = sentence === fault ? faultSeen + 1 : 1;
      fault = sentence;
      // Files that are replaced one after the other do not fit together for a moment.
      if (faultSeen === 2) log.error({ workload }, `${sentence} The certificate read before stays in use.`);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    timer = setTimeout(
      () =>
        void renew()
          .then(warnOfEnd)
          .finally(() => timer && next()),
      pollMs,
    ).unref();
  };
  next();
  return {
    get credentials() {
      return credentials;
    },
    onRenewal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    optionsTo(other) {
      const { secureContext } = credentials;
      const meant = spiffeIdOf(other, realm);
      // Said, lest a variable of node's switches it off.
      const rejectUnauthorized = true;
      return {
        secureContext,
        rejectUnauthorized,
        checkServerIdentity: (_, certificate) => identityFault(certificate, meant),
      };
    },
    close() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
