// The server under test: our whole pipeline and protocol handling in front of the suite's service. The suite starts it
// once for each of its configurations.
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { toConnectError } from "../failure.ts";
import { createTokenVerifier } from "../identity/access-token.ts";
import { createProofs, proofIdentity } from "../identity/proof.ts";
import { implement } from "../implementation.ts";
import { createMetrics } from "../metrics.ts";
import { createPipeline } from "../pipeline/pipeline.ts";
import { standardSteps } from "../pipeline/steps.ts";
import { serveRpcs } from "../server/rpc-server.ts";
import { contractOfArguments, MESSAGE_MAX_BYTES } from "./contract.ts";
import { readFrames, writeFrame } from "./framing.ts";
import { conformanceService } from "./service.ts";

const HOST = "127.0.0.1";
const SECRET_BYTES = 32;

/**
 * The suite's errors belong to no contract: what our services would hide from a caller must arrive here as it is. What
 * the kit refuses by itself goes without its details, since the suite counts them and expects none.
 */
function mapError(error: unknown, requestId: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const { rawMessage, code } = toConnectError(error, requestId);
  return new ConnectError(rawMessage, code, undefined, undefined, error);
}

const { value: frame } = await readFrames(process.stdin).next();
if (frame === undefined) throw new Error("The suite did not say what server it wants.");
const { messageReceiveLimit } = fromBinary(contractOfArguments().serverRequest, frame);
const contract = contractOfArguments(messageReceiveLimit || MESSAGE_MAX_BYTES);
const log = pino({ level: process.env.LOG_LEVEL ?? "silent" }, process.stderr);
const steps = standardSteps({
  metrics: createMetrics("conformance"),
  identity: proofIdentity(createProofs(randomBytes(SECRET_BYTES)), "conformance"),
  tokens: createTokenVerifier(async () => ({ keys: [] })),
});
const { port } = await serveRpcs({
  name: "conformance",
  host: HOST,
  port: 0,
  services: [implement(contract.service, conformanceService(contract))],
  pipeline: createPipeline(steps, log, mapError),
  messages: {
    responseMaxBytes: MESSAGE_MAX_BYTES,
    registry: contract.registry,
  },
  fallback: (_, response) => void (response as ServerResponse).writeHead(404).end(),
  onError: (error) => log.error({ err: error }, "a request failed outside the pipeline"),
});
writeFrame(process.stdout, toBinary(contract.serverResponse, create(contract.serverResponse, { host: HOST, port })));
