import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "./failure.ts";
import { echoContract } from "./testing/contract.ts";
import { fakeMain } from "./testing/fake.ts";
import { findGoTool, REQUIRE_GO_TOOLS } from "./testing/go-tool.ts";
import { startTestMesh, type TestMesh } from "./testing/mesh.ts";

const INSTALL = "go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3";
const found = findGoTool("grpcurl");
const left = found === undefined && !REQUIRE_GO_TOOLS;
if (left) console.warn(`grpcurl was not found, so its tests are left out; get it by: ${INSTALL}`);

const run = promisify(execFile);
const Echo = echoContract();
const main = fakeMain(Echo, {
  say: ({ value }) => {
    if (value === "refuse") throw callFailure(ErrorReason.USER_NOT_ALLOWED, "Not for you: ñ, 字.", { retryAfterMs: 5 });
    return { value: `${value}!` };
  },
  async *watch({ value }) {
    for (const it of [1, 2, 3]) yield { value: `${value} ${it}` };
  },
});

describe.skipIf(left)("grpcurl, which knows no contract of ours", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    if (found === undefined) throw new Error(`grpcurl was not found; get it by: ${INSTALL}`);
    mesh = await startTestMesh({ product: main }, { postgresUrl: "postgres://nobody" });
  });
  afterAll(() => mesh?.close());

  /** What grpcurl prints, whether it succeeds or not. */
  async function grpcurl(options: readonly string[], ...what: readonly string[]): Promise<string> {
    const args = ["-plaintext", ...options, new URL(mesh.url("product")).host, ...what];
    return run(found ?? "", args).then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => error.stderr,
    );
  }

  it("finds the services and what their contracts say", async () => {
    expect(await grpcurl([], "list")).toContain(Echo.typeName);
    const described = await grpcurl([], "describe", Echo.typeName);
    expect(described).toContain("rpc Say ( .google.protobuf.StringValue ) returns ( .google.protobuf.StringValue )");
    expect(described).toContain("callers");
  });

  it.each([
    ["Say", "hello", '"hello!"\n'],
    ["Say", "ñ 字 🛒", '"ñ 字 🛒!"\n'],
    ["Watch", "at", '"at 1"\n"at 2"\n"at 3"\n'],
  ])("calls %s", async (rpc, value, answer) => {
    expect(await grpcurl(["-d", JSON.stringify(value)], `${Echo.typeName}/${rpc}`)).toBe(answer);
  });

  it("shows a refusal with all that it carries", async () => {
    const refusal = await grpcurl(["-d", '"refuse"'], `${Echo.typeName}/Say`);
    for (const it of ["PermissionDenied", "Not for you: ñ, 字.", "USER_NOT_ALLOWED", "retryDelay"])
      expect(refusal).toContain(it);
  });
});
