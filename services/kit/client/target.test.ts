import { describe, expect, it } from "vitest";
import { isLiteral, TARGETS_MAX, targetsOf } from "./target.ts";

describe("the targets of base URLs", () => {
  it.each([
    ["http://product:3001", "http", "product:3001", "product", 3001, false],
    ["http://product", "http", "product", "product", 80, false],
    ["https://product", "https", "product", "product", 443, false],
    ["http://127.0.0.1:3001", "http", "127.0.0.1:3001", "127.0.0.1", 3001, true],
    ["http://[::1]:3001", "http", "[::1]:3001", "::1", 3001, true],
  ])("%s", (url, scheme, authority, host, port, literal) => {
    const [target, ...others] = targetsOf(url);
    expect(others).toEqual([]);
    expect(target).toMatchObject({ scheme, authority, host, port });
    expect(target && isLiteral(target)).toBe(literal);
  });

  it("are several where commas are", () => {
    expect(targetsOf("http://a:1, http://b:2").map((it) => it.authority)).toEqual(["a:1", "b:2"]);
  });

  it.each(["", "ftp://a", "a:1", "http://a:1,", Array.from({ length: TARGETS_MAX + 1 }, () => "http://a").join(",")])(
    "are refused: %s",
    (urls) => {
      expect(() => targetsOf(urls)).toThrow();
    },
  );
});
