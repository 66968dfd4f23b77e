import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StartError } from "#kit/start-error.ts";
import { fillShop } from "./fill.ts";
import { ADMINISTRATOR, createShop, demoIds, shelves, TOKEN } from "./testing.ts";

const backoff = { baseMs: 1, factor: 2, maxMs: 4, jitter: 0 };

function fill(shop: ReturnType<typeof createShop>, patienceMs = 60_000, administrator = ADMINISTRATOR) {
  const pauses: number[] = [];
  const log = { info: () => {}, warn: (fields: object) => void pauses.push((fields as { pauseMs: number }).pauseMs) };
  const { clients } = shop;
  const { signal } = new AbortController();
  const result = fillShop({ clients, administrator, log, signal, shelves, patienceMs, backoff });
  return { pauses, result };
}

/** Throws these one after the other, at every call of that name and then no more. */
function failing(name: string, errors: readonly unknown[]) {
  const left = [...errors];
  return (call: string) => {
    if (call !== name || left.length === 0) return;
    throw left.shift();
  };
}

test("waits until the shop answers, whatever stands in the way as it is started", async () => {
  const notYet = [
    new ConnectError("connect ECONNREFUSED", Code.Unavailable),
    new ConnectError("HTTP 404", Code.Unimplemented),
    new ConnectError("socket hang up", Code.Aborted),
    new ConnectError("HTTP 401", Code.Unauthenticated),
    new Error("EPROTO"),
  ];
  const shop = createShop({ before: failing("signIn", notYet) });
  const { pauses, result } = fill(shop);
  expect(await result).toBe(demoIds.length);
  expect(pauses).toEqual([1, 2, 4, 4, 4]);
  expect([...shop.products.keys()].sort()).toEqual([...demoIds].sort());
});

test("comes again when it is told to, and goes on where it was", async () => {
  const tooMany = new ConnectError("too many calls", Code.ResourceExhausted);
  tooMany.details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: durationFromMs(30) }) });
  let left = 4;
  const shop = createShop({
    before(call) {
      if (call !== "createProduct" || left === 0 || shop.products.size < left) return;
      left -= 1;
      throw tooMany;
    },
  });
  const { pauses, result } = fill(shop);
  expect(await result).toBe(demoIds.length);
  expect(pauses.length).toBeGreaterThan(0);
  for (const pauseMs of pauses) expect(pauseMs).toBeGreaterThanOrEqual(30);
  expect(shop.products.size).toBe(demoIds.length);
  expect(shop.calls.signIn).toBe(1);
});

test("signs in again when its token has had its time", async () => {
  const shop = createShop({
    beforeCreate() {
      if (shop.products.size !== 3 || !shop.tokens.delete(TOKEN)) return;
      shop.tokens.add("another");
    },
  });
  expect(await fill(shop).result).toBe(demoIds.length);
  expect(shop.calls.signIn).toBe(2);
});

test("gives up when nothing goes on", async () => {
  const shop = createShop({
    before(call) {
      if (call === "createProduct") throw new ConnectError("busy", Code.ResourceExhausted);
    },
  });
  const { result } = fill(shop, 50);
  await expect(result).rejects.toThrow(StartError);
  await expect(result).rejects.toThrow(/Nothing has gone on for .*busy/);
});

const untrusted = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
test.each<[string, unknown, RegExp]>([
  [
    "somebody who may not",
    new ConnectError("only for admins", Code.PermissionDenied),
    /may not fill .* only for admins/,
  ],
  [
    "another shop's contract",
    new ConnectError("no such field", Code.InvalidArgument),
    /refused a part .* no such field/,
  ],
  [
    "a certificate of nobody's",
    new ConnectError("self-signed certificate", Code.Internal, undefined, undefined, untrusted),
    /SHOP_URL is not to be trusted .* NODE_EXTRA_CA_CERTS/,
  ],
])("says at once what time will not mend: %s", async (_, error, sentence) => {
  const transport = () => {
    throw error;
  };
  const shop = createShop();
  const clients = { ...shop.clients, auth: { ...shop.clients.auth, signIn: transport } };
  const { pauses, result } = fill({ ...shop, clients });
  await expect(result).rejects.toThrow(StartError);
  await expect(result).rejects.toThrow(sentence);
  expect(pauses).toEqual([]);
});

test("says at once that nobody has such a password, and not the password", async () => {
  const { result } = fill(createShop(), 60_000, { ...ADMINISTRATOR, password: "close sesame" });
  await expect(result).rejects.toThrow("knows no account with ADMIN_EMAIL and ADMIN_PASSWORD");
  await expect(result).rejects.not.toThrow("sesame");
});
