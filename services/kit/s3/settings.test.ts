import { describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { readS3 } from "./settings.ts";

const KEYS = { S3_ACCESS_KEY: "key", S3_SECRET_KEY: "secret" };

/** Wrong settings, and what the sentence about each must say. */
const WRONG: readonly [env: Record<string, string>, says: RegExp][] = [
  [{ S3_URL: "ftp://k:s3cret@host/shop" }, /S3_URL is not like https:/],
  [{ S3_URL: "https://k:s3cr/et@host/shop" }, /percent-encoded \(%2F\)/],
  [{ S3_URL: "https://k:s3cret@host" }, /names no bucket/],
  [{ S3_URL: "https://k:s3cret@host/shop/below" }, /"shop\/below", which cannot be a bucket's name/],
  [{ S3_URL: "https://k:s3cret@host/Shop" }, /"Shop", which cannot be/],
  [{ S3_URL: "https://k:s3cret@host/10.0.0.1" }, /cannot be a bucket's name/],
  [{ S3_URL: "https://host/shop" }, /needs an access key and its secret/],
  [{ S3_URL: "https://host/shop", S3_ACCESS_KEY: "key" }, /needs an access key and its secret/],
  [{ S3_URL: "https://k:s3cret@host/shop", ...KEYS }, /leave one of them out/],
  [{ S3_URL: "https://k:s3cret%zz@host/shop" }, /% in its key or secret/],
  [{ S3_URL: "https://k:s3cret@host/shop?zone=a" }, /a parameter "zone"/],
  [{ S3_URL: "https://k:s3cret@host/shop?region=a%20b" }, /no region's name/],
  [{ S3_URL: "https://k:s3cret@host/shop?style=dns" }, /must be path or virtual/],
  [{ S3_URL: "http://k:s3cret@host/shop", S3_CA: "/ca.pem" }, /S3_CA is set, but S3_URL does not begin with https/],
];

describe("where an S3 is", () => {
  it("is nowhere without S3_URL", () => {
    expect(readS3({ S3_ACCESS_KEY: "key" })).toBeUndefined();
  });

  it.each(WRONG)("%j is refused with a sentence that does not tell the secret", (env, says) => {
    let thrown: unknown;
    try {
      readS3(env);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StartError);
    expect((thrown as Error).message).toMatch(says);
    expect((thrown as Error).message).not.toContain("s3cr");
  });

  it("is all that the URL says", () => {
    const url = "https://A%2BKEY:a%2Fb%25c@minio.example:9000/shop.pictures?region=eu-central-1&style=virtual";
    expect(readS3({ S3_URL: url, S3_CA: "/ca.pem", S3_SESSION_TOKEN: "token" })).toEqual({
      variable: "S3_URL",
      useTls: true,
      host: "minio.example",
      port: 9000,
      bucket: "shop.pictures",
      region: "eu-central-1",
      style: "virtual",
      accessKey: "A+KEY",
      secretKey: "a/b%c",
      sessionToken: "token",
      caFile: "/ca.pem",
    });
  });

  it.each([
    ["http://host/shop", { region: "us-east-1", style: "path", useTls: false, port: undefined }],
    ["http://[::1]:9000/shop/", { host: "::1", port: 9000, bucket: "shop" }],
    ["https://s3.eu-west-3.amazonaws.com/shop", { region: "eu-west-3", style: "virtual" }],
    ["https://s3.amazonaws.com/shop?style=path", { region: "us-east-1", style: "path" }],
  ])("%s with keys beside it has what nobody said", (S3_URL, expected) => {
    expect(readS3({ S3_URL, ...KEYS })).toMatchObject({ ...expected, accessKey: "key", secretKey: "secret" });
  });
});
