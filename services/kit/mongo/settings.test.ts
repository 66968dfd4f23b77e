import { describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { placeOf } from "./client.ts";
import { readMongo } from "./settings.ts";

describe("MONGODB_URL", () => {
  it.each([
    "mongodb://127.0.0.1:27017/shop?replicaSet=shop",
    "mongodb://shop:s3cret@a:27017,b:27017,c:27017/shop?tls=true&tlsCAFile=/etc/ca.pem",
    "mongodb+srv://shop:s3cret@cluster.example/shop",
  ])("may be %s", (url) => {
    expect(readMongo({ MONGODB_URL: url })).toBe(url);
    expect(placeOf(url)).toMatch(/^[^@?]+\/shop$/);
  });

  it.each(["mongodb://127.0.0.1", "mongodb://shop:s3cret@127.0.0.1/", "postgres://127.0.0.1/shop", "shop"])(
    "may not be %s, and is not repeated",
    (url) => {
      const read = () => readMongo({ MONGODB_URL: url });
      expect(read).toThrow(StartError);
      expect(read).toThrow(/^MONGODB_URL is not like/);
      expect(read).not.toThrow("s3cret");
    },
  );

  it.each([
    "mongodb://shop:s3c/ret@127.0.0.1/shop",
    "mongodb://shop:s3c@ret@127.0.0.1/shop",
    "mongodb+srv://shop:s3c?ret@cluster.example/shop?retryWrites=true",
    "mongodb://shop:s3c#ret@127.0.0.1/shop",
  ])("may not be %s, whose password is not percent-encoded and not repeated", (url) => {
    const read = () => readMongo({ MONGODB_URL: url });
    expect(read).toThrow(StartError);
    expect(read).toThrow(/^MONGODB_URL .*must be percent-encoded/);
    expect(read).not.toThrow(/s3c|ret/);
    expect(placeOf(url)).toMatch(/^[^@?]+\/shop$/);
  });

  it("may have a percent-encoded password", () => {
    const url = "mongodb://shop:s3c%2Fret%40@127.0.0.1/shop";
    expect(readMongo({ MONGODB_URL: url })).toBe(url);
    expect(placeOf(url)).toBe("127.0.0.1/shop");
  });

  it("may be left out", () => {
    expect(readMongo({})).toBeUndefined();
    expect(readMongo({ MONGODB_URL: "" })).toBeUndefined();
  });
});
