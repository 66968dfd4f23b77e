import { expect, test } from "vitest";
import { isInClear, withStrictTls } from "./tls.ts";

test.each<[string, boolean]>([
  ["postgres://shop@localhost/shop", false],
  ["postgres://shop@127.0.0.1:5432/shop", false],
  ["postgres://shop@[::1]:5432/shop", false],
  ["postgres:///shop?host=/var/run/postgresql", false],
  ["postgres://shop@%2Fvar%2Frun%2Fpostgresql/shop", false],
  ["postgres://shop@db/shop", true],
  ["postgres://shop@10.0.0.7:5432/shop?application_name=x", true],
  ["postgres://shop@db/shop?sslmode=disable", true],
  ["postgres://shop@db/shop?sslmode=require", false],
  ["postgres://shop@db/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem", false],
  ["postgres://shop@db/shop?sslrootcert=/etc/ca.pem", false],
  ["postgres://shop@db/shop?ssl=true", false],
])("what goes to %s can be read on the way: %s", (url, expected) => {
  expect(isInClear(url)).toBe(expected);
});

test.each([
  ["postgres://db/shop", "postgres://db/shop"],
  ["postgres://db/shop?sslmode=no-verify", "postgres://db/shop?sslmode=no-verify"],
  [
    "postgres://db/shop?sslmode=require&sslrootcert=ca.pem",
    "postgres://db/shop?sslmode=verify-full&sslrootcert=ca.pem",
  ],
  ["postgres://db/shop?sslmode=prefer", "postgres://db/shop?sslmode=verify-full"],
])("%s is %s to the driver", (url, expected) => {
  expect(withStrictTls(url)).toBe(expected);
});
