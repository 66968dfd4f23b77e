import type { Env } from "../env.ts";
import { StartError } from "../start-error.ts";

/** Where an S3 is, which of its buckets is meant, and by which keys it is entered. */
export interface S3Settings {
  /** The variable that told, for sentences about it. */
  readonly variable: string;
  readonly useTls: boolean;
  readonly host: string;
  /** Undefined: the one that the scheme has. */
  readonly port: number | undefined;
  readonly bucket: string;
  readonly region: string;
  /** Where a request names the bucket: "path" at the beginning of the path, "virtual" at the beginning of the host's name. */
  readonly style: "path" | "virtual";
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of keys that hold for some time only. */
  readonly sessionToken: string | undefined;
  /** A PEM file with the authority of the server's certificate, where it is none that everybody knows. */
  readonly caFile: string | undefined;
}

const FORM = "https://key:secret@host/bucket?region=eu-central-1";
const BUCKET = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9-]{1,40}$/i;
const STYLES = ["path", "virtual"] as const;
const PARAMETERS = ["region", "style"];
const AMAZON = /(?:^|\.)amazonaws\.com(?:\.cn)?$/;
const AMAZON_REGION = /^s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com/;
const REGION_OTHERWISE = "us-east-1";

// The URL holds a secret, so no sentence here repeats it.
function urlOf(value: string, variable: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new StartError(
      `${variable} is not like ${FORM}; a character such as / in a key or secret is written percent-encoded (%2F).`,
    );
  return url;
}

function bucketOf({ pathname }: URL, variable: string): string {
  const bucket = pathname.slice(1).replace(/\/$/, "");
  if (BUCKET.test(bucket)) return bucket;
  const what = bucket === "" ? "names no bucket" : `names "${bucket}", which cannot be a bucket's name`;
  throw new StartError(`${variable} ${what}: it must be like ${FORM}.`);
}

function parametersOf({ searchParams, hostname }: URL, variable: string): Pick<S3Settings, "region" | "style"> {
  const unknown = [...searchParams.keys()].find((it) => !PARAMETERS.includes(it));
  if (unknown !== undefined)
    throw new StartError(`${variable} has a parameter "${unknown}", but there are only ${PARAMETERS.join(" and ")}.`);
  const region = searchParams.get("region") ?? AMAZON_REGION.exec(hostname)?.[1] ?? REGION_OTHERWISE;
  if (!REGION.test(region)) throw new StartError(`${variable} has region=${region}, which is no region's name.`);
  const wanted = searchParams.get("style") ?? (AMAZON.test(hostname) ? "virtual" : "path");
  const style = STYLES.find((it) => it === wanted);
  if (style === undefined) throw new StartError(`${variable} has style=${wanted}, but it must be path or virtual.`);
  return { region, style };
}

function decoded(part: string, variable: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new StartError(
      `${variable} has a % in its key or secret that begins no percent-encoded character (% is %25).`,
    );
  }
}

function keysOf(url: URL, variable: string, env: Env): Pick<S3Settings, "accessKey" | "secretKey"> {
  const [key, secret] = [decoded(url.username, variable), decoded(url.password, variable)];
  const [ownKey = "", ownSecret = ""] = [env.S3_ACCESS_KEY, env.S3_SECRET_KEY];
  if (key + secret !== "" && ownKey + ownSecret !== "")
    throw new StartError(
      `${variable} holds keys, and S3_ACCESS_KEY and S3_SECRET_KEY are set too: leave one of them out.`,
    );
  const [accessKey, secretKey] = key + secret === "" ? [ownKey, ownSecret] : [key, secret];
  if (accessKey === "" || secretKey === "")
    throw new StartError(
      `${variable} needs an access key and its secret: as in ${FORM}, or in S3_ACCESS_KEY and S3_SECRET_KEY.`,
    );
  return { accessKey, secretKey };
}

/**
 * The settings that a URL stands for; keys that are not in it come from `S3_ACCESS_KEY` and `S3_SECRET_KEY`.
 * @param variable what a wrong URL is called in the sentence about it
 * @throws StartError
 */
export function parseS3(value: string, variable: string, env: Env): S3Settings {
  const url = urlOf(value, variable);
  const useTls = url.protocol === "https:";
  const caFile = env.S3_CA || undefined;
  if (caFile !== undefined && !useTls)
    throw new StartError(`S3_CA is set, but ${variable} does not begin with https://.`);
  return {
    variable,
    useTls,
    // Of an address of IPv6 without its brackets.
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? undefined : Number(url.port),
    bucket: bucketOf(url, variable),
    ...parametersOf(url, variable),
    ...keysOf(url, variable, env),
    sessionToken: env.S3_SESSION_TOKEN || undefined,
    caFile,
  };
}

/** What `S3_URL` and the variables beside it say; undefined where it is not set. */
export function readS3(env: Env): S3Settings | undefined {
  const value = env.S3_URL;
  return value === undefined || value === "" ? undefined : parseS3(value, "S3_URL", env);
}
