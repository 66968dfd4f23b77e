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

  it("may be left out", () => {
    expect(readMongo({})).toBeUndefined();
    expect(readMongo({ MONGODB_URL: "" })).toBeUndefined();
  });
});
