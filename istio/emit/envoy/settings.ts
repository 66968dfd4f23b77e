import { type Env, integer, wrong } from "#kit/env.ts";
import { filesOf } from "#kit/identity/settings.ts";
import { spiffeIdOf } from "#kit/identity/spiffe.ts";
import type { Settings, Workload } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { EDGE } from "../../model.ts";
import { WEB } from "../../names.ts";
import type { Address } from "./cluster.ts";
import type { EnvoyOptions } from "./options.ts";

/** The variable in Envoy's own environment that holds the proof, so that no file does. */
export const PROOF_VARIABLE = "EDGE_PROOF";
const HTTP_PORT = 8_081;
const HTTPS_PORT = 8_443;
const PORT_MAX = 65_535;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

function addressOf(baseUrl: string): Address {
  const { hostname, port, protocol } = new URL(baseUrl);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port) };
}

function addressesOf({ urls, ports }: Settings, workload: Workload): Address[] {
  const given = urls[workload]?.split(",").map(addressOf);
  const port = ports[workload];
  if (given !== undefined) return given;
  if (port !== 0) return [{ host: "127.0.0.1", port }];
  const name = workload.toUpperCase();
  throw new StartError(`${name}_PORT is 0, so nobody knows where ${workload} will be: set it, or ${name}_URL.`);
}

function certificateIn(env: Env): Pick<EnvoyOptions, "https"> {
  const { ENVOY_CERT: certificate, ENVOY_KEY: key } = env;
  if (!certificate && !key) return {};
  if (!certificate || !key) throw new StartError("ENVOY_CERT and ENVOY_KEY go together: set both, or none.");
  return { https: { port: integer(env, "ENVOY_HTTPS_PORT", HTTPS_PORT, 1, PORT_MAX), certificate, key } };
}

function originsIn(env: Env): string[] {
  const origins = (env.ENVOY_ORIGINS ?? "").split(",").flatMap((it) => it.trim() || []);
  for (const it of origins)
    if (!URL.canParse(it) || new URL(it).origin !== it)
      throw wrong("ENVOY_ORIGINS", it, 'origins, as "https://app.example", separated by commas');
  return origins;
}

/**
 * An Envoy in front of the shop that these settings describe. The web app's files come from the shop's own edge.
 * @throws StartError with a sentence that names the variable and what it must be.
 */
export function envoyOptions(settings: Settings, env: Env): EnvoyOptions {
  const { identity, host } = settings;
  return {
    addressesOf: (workload) => addressesOf(settings, (workload === WEB.name ? EDGE : workload) as Workload),
    host,
    httpPort: integer(env, "ENVOY_HTTP_PORT", HTTP_PORT, 1, PORT_MAX),
    ...certificateIn(env),
    ...(identity.kind === "proof" && { proof: `%ENVIRONMENT(${PROOF_VARIABLE})%` }),
    ...(identity.kind === "tls" && {
      workloadTls: { files: filesOf(identity.files, EDGE), idOf: (workload) => spiffeIdOf(workload, identity.realm) },
    }),
    origins: originsIn(env),
  };
}
