import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLogger } from "./log.ts";

/** What a log writes while something is done with it. */
function written(use: (log: ReturnType<typeof createLogger>) => void): string {
  const stream = new PassThrough();
  use(createLogger({ level: "trace", environment: "prod" }, stream));
  return String(stream.read() ?? "");
}

const SECRET = "s3cr3t-value";
const NAMES = [
  "password",
  "newPassword",
  "new_password",
  "token",
  "accessToken",
  "refresh_token",
  "guestToken",
  "authorization",
  "Authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "number",
  "cardNumber",
  "securityCode",
  "security_code",
  "cvc",
  "secret",
  "clientSecret",
];

/** Ways to wrap a field: the shapes in which requests, headers and errors reach a log. */
const WRAPPINGS: Readonly<Record<string, (fields: object) => object>> = {
  itself: (it) => it,
  "a message in a message": (it) => ({ request: { payment: { card: it } } }),
  "a list": (it) => ({ items: [{ ok: true }, it] }),
  headers: (it) => ({ headers: new Headers(it as Record<string, string>) }),
  "an error's field": (it) => ({ err: Object.assign(new Error("it failed"), it) }),
  "an error's cause": (it) => ({ err: new Error("it failed", { cause: Object.assign(new Error("inner"), it) }) }),
  "an error deep inside": (it) => ({ job: { failure: Object.assign(new Error("it failed"), { details: it }) } }),
};

describe("a log", () => {
  it.each(NAMES)("never holds the value of %s, wherever it is", (name) => {
    for (const [wrapping, wrap] of Object.entries(WRAPPINGS)) {
      const line = written((log) => log.error(wrap({ [name]: SECRET }), "something happened"));
      expect(line, wrapping).toContain("something happened");
      expect(line, wrapping).not.toContain(SECRET);
    }
  });

  it("holds no secret however deep and mixed the fields are", () => {
    const key = fc.constantFrom("user", "items", "detail", "0");
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(...NAMES).map((name) => ({ [name]: SECRET })),
        fc.array(tie("node"), { maxLength: 3 }),
        fc.dictionary(key, tie("node"), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(fc.property(tree, (it) => !written((log) => log.info({ it }, "said")).includes(SECRET)));
  });

  it("keeps what helps: names, numbers, page tokens, errors with their causes", () => {
    const err = new Error("outer", { cause: new Error("inner") });
    const line = written((log) => log.warn({ user: "u-1", count: 3, pageToken: "p-1", amount: 12n, err }, "kept"));
    expect(JSON.parse(line)).toMatchObject({ user: "u-1", count: 3, pageToken: "p-1", msg: "kept" });
    expect(JSON.parse(line).err).toMatchObject({ type: "Error", message: "outer", cause: { message: "inner" } });
  });

  it("survives fields that contain themselves", () => {
    const loop: Record<string, unknown> = { name: "loop" };
    loop.self = loop;
    expect(JSON.parse(written((log) => log.info({ loop }, "said")))).toMatchObject({ loop: { name: "loop" } });
  });
});
