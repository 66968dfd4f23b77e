import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { echoContract } from "../testing/contract.ts";
import { fakeMain } from "../testing/fake.ts";
import { startTestMesh, type TestMesh } from "../testing/mesh.ts";
import { COMPRESSED_FLAG, decodeEnvelopes, encodeEnvelope, encodeEnvelopes } from "../wire/envelope.ts";

const Echo = echoContract();
const CARD = "5105105105105100";

let mesh: TestMesh;
beforeAll(async () => {
  const main = fakeMain(Echo, {
    async *watch({ value }) {
      yield { value: `${value}!` };
    },
  });
  mesh = await startTestMesh({ product: main }, { postgresUrl: "postgres://nobody" });
});
afterAll(() => mesh.close());

/** Asks for a stream by Connect in JSON; the messages, and the reason it failed for. */
async function watch(body: Buffer, header: Record<string, string> = {}) {
  const response = await fetch(`${mesh.url("product")}/${Echo.typeName}/${Echo.method.watch.name}`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", ...header },
    body: new Uint8Array(body),
  });
  const text = Buffer.from(await response.arrayBuffer());
  const envelopes = decodeEnvelopes(text) ?? [];
  const [end] = envelopes.filter((it) => (it.flags & 2) !== 0);
  const { error } = JSON.parse(Buffer.from(end?.data ?? []).toString()) as {
    error?: { code: string; details?: { type: string; value: string }[] };
  };
  const infos = (error?.details ?? []).filter((it) => it.type === ErrorInfoSchema.typeName);
  const reasons = infos.map((it) => fromBinary(ErrorInfoSchema, Buffer.from(it.value, "base64")).reason);
  const messages = envelopes.filter((it) => it !== end).map((it) => Buffer.from(it.data).toString());
  return { messages, code: error?.code, reasons, text: text.toString() };
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const message = encodeEnvelope(0, json("hello"));

it.each<[what: string, body: Buffer, header: Record<string, string>]>([
  ["as it is", message, {}],
  ["compressed", encodeEnvelope(COMPRESSED_FLAG, gzipSync(json("hello"))), { "connect-content-encoding": "gzip" }],
  ["not compressed though it might be", message, { "connect-content-encoding": "br" }],
])("a stream's request is read %s", async (_, body, header) => {
  expect(await watch(body, header)).toMatchObject({ messages: ['"hello!"'], code: undefined });
});

it.each<[what: string, body: Buffer, header: Record<string, string>, code: string, reason: string]>([
  ["is of another shape", encodeEnvelope(0, json({ number: CARD })), {}, "invalid_argument", "INVALID_INPUT"],
  ["is no JSON", encodeEnvelope(0, Buffer.from(`{"number": ${CARD}`)), {}, "invalid_argument", "INVALID_INPUT"],
  ["ends within its message", message.subarray(0, -1), {}, "invalid_argument", "INVALID_INPUT"],
  ["is empty", Buffer.alloc(0), {}, "unimplemented", "WRONG_CARDINALITY"],
  ["holds two messages", Buffer.concat([message, message]), {}, "unimplemented", "WRONG_CARDINALITY"],
  ["is compressed unheard of", message, { "connect-content-encoding": "zip" }, "unimplemented", "ENCODING_UNKNOWN"],
  [
    "is not compressed as it says",
    encodeEnvelope(COMPRESSED_FLAG, json(CARD)),
    { "connect-content-encoding": "gzip" },
    "invalid_argument",
    "INVALID_INPUT",
  ],
  [
    "is too large",
    encodeEnvelopes({ flags: 0, data: json("x".repeat(1024 * 1024 + 100)) }),
    {},
    "resource_exhausted",
    "MESSAGE_TOO_LARGE",
  ],
  ["has a malformed time", message, { "connect-timeout-ms": CARD }, "invalid_argument", "INVALID_INPUT"],
])("a stream whose request %s ends with a reason, and quotes nothing", async (_, body, header, code, reason) => {
  const end = await watch(body, header);
  expect(end).toMatchObject({ messages: [], code, reasons: [reason] });
  expect(end.text).not.toContain(CARD);
});
