import { type DescMethod, fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { services } from "#gen/services.js";
import { policyOf } from "#kit/policy.ts";
import type { Workload } from "#kit/settings.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { backend } from "./testing/backend.ts";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(backend);
});
afterAll(() => mesh.close());

/** Posts bytes to an RPC by the Connect protocol, as a caller that its contract names, with an administrator's token. */
async function post(
  method: DescMethod,
  contentType: string,
  body: Uint8Array | string,
): Promise<{ status: number; code: string }> {
  const workload = (
    method.parent.typeName.startsWith("shop.mesh.") ? "product" : method.parent.typeName.split(".")[1]
  ) as Workload;
  const response = await fetch(`${mesh.url(workload)}/${method.parent.typeName}/${method.name}`, {
    method: "POST",
    headers: {
      "content-type": contentType,
      authorization: `Bearer ${mesh.as("admin").token}`,
      ...mesh.prove(policyOf(method).callers[0] ?? ""),
    },
    body: body as BodyInit,
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { status: response.status, code: response.ok ? "ok" : ((JSON.parse(text) as { code?: string }).code ?? "") };
}

const unary = services.flatMap((service) => service.methods).filter((method) => method.methodKind === "unary");
const FAULTS = ["internal", "unknown", "unimplemented", "data_loss"];

function isMessage(method: DescMethod, bytes: Uint8Array): boolean {
  try {
    fromBinary(method.input, bytes);
    return true;
  } catch {
    return false;
  }
}

describe("bad input", () => {
  it.each(unary.map((method) => [`${method.parent.name}.${method.name}`, method] as const))(
    "%s is refused or understood, never a fault",
    async (_, method) => {
      expect(await post(method, "application/json", '{"')).toEqual({ status: 400, code: "invalid_argument" });
      expect(await post(method, "application/json", '{"noSuchField": [1]}')).toSatisfy(
        (it: { code: string }) => !FAULTS.includes(it.code),
      );
      // A length that reaches beyond the end of the message: refused, one way or the other.
      expect(
        (await post(method, "application/proto", new Uint8Array([0x0a, 0xff, 0x01]))).status,
      ).toBeGreaterThanOrEqual(400);
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
          const answer = await post(method, "application/proto", bytes);
          // Whatever can be read as a message is the service's to judge; what cannot, Connect's library refuses itself.
          if (isMessage(method, bytes)) expect(FAULTS).not.toContain(answer.code);
          else expect(answer.status).toBeGreaterThanOrEqual(400);
        }),
        { numRuns: 15 },
      );
    },
  );
});
