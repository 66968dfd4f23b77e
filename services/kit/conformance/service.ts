import { setTimeout as delay } from "node:timers/promises";
import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { currentCall } from "../call.ts";
import type { ConformanceContract } from "./contract.ts";
import type {
  ClientStreamRequest,
  ConformanceService,
  ErrorStatus,
  Header,
  RequestInfo,
  Response,
  StreamDefinition,
  UnaryDefinition,
} from "./messages.ts";
import { appendHeaders, detailOf, headerList } from "./metadata.ts";

type ResponseInit = MessageInitShape<GenMessage<Response>>;
type Metadata = { readonly responseHeaders: Header[]; readonly responseTrailers: Header[] };

function addMetadata(context: HandlerContext, definition: Metadata | undefined): void {
  appendHeaders(context.responseHeader, definition?.responseHeaders ?? []);
  appendHeaders(context.responseTrailer, definition?.responseTrailers ?? []);
}

/** The service that the suite expects a server under test to serve: it answers as each request says, and tells what it saw. */
export function conformanceService(contract: ConformanceContract): ServiceImpl<ConformanceService> {
  const pack = (request: Message): Any => {
    const schema = contract.registry.getMessage(request.$typeName);
    if (schema === undefined) throw new Error(`${request.$typeName} is no message of the suite`);
    return anyPack(schema, request);
  };

  /** What was seen of the call; `requests` are those not told of before. */
  function seen(context: HandlerContext, requests: Any[]): RequestInfo {
    // The context's own time is the shorter of this and what the contract allows.
    const timeoutMs = currentCall()?.callerTimeoutMs;
    return create(contract.requestInfo, {
      requestHeaders: headerList(context.requestHeader),
      requests,
      ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.round(timeoutMs)) }),
      ...(context.requestMethod === "GET" && {
        connectGetInfo: { queryParams: headerList(new URL(context.url).searchParams) },
      }),
    });
  }

  /** The error asked for; `info` goes along where no answer told of it. */
  function failure({ code, message, details }: ErrorStatus, info: RequestInfo | undefined): ConnectError {
    const error = new ConnectError(message ?? "", code);
    error.details.push(...details.map(detailOf));
    if (info !== undefined) error.details.push({ desc: contract.requestInfo, value: info });
    return error;
  }

  async function answer(
    definition: UnaryDefinition | undefined,
    requests: Any[],
    context: HandlerContext,
  ): Promise<ResponseInit> {
    addMetadata(context, definition);
    const requestInfo = seen(context, requests);
    await delay(definition?.responseDelayMs ?? 0);
    const response = definition?.response;
    if (response?.case === "error") throw failure(response.value, requestInfo);
    return { payload: { requestInfo, ...(response?.case === "responseData" && { data: response.value }) } };
  }

  /** The answers from the `first` on and the error, once all requests to be answered one by one are. */
  async function* remaining(
    definition: StreamDefinition,
    first: number,
    requests: Any[],
    context: HandlerContext,
  ): AsyncGenerator<ResponseInit> {
    let sent = first;
    for (const data of definition.responseData.slice(first)) {
      await delay(definition.responseDelayMs);
      yield { payload: { data, ...(sent === 0 && { requestInfo: seen(context, requests) }) } };
      sent += 1;
    }
    if (definition.error !== undefined) {
      throw failure(definition.error, sent === 0 ? seen(context, requests) : undefined);
    }
  }

  const unary = (request: Message & { responseDefinition?: UnaryDefinition }, context: HandlerContext) =>
    answer(request.responseDefinition, [pack(request)], context);

  return {
    unary,
    idempotentUnary: unary,
    unimplemented() {
      throw new ConnectError("The suite wants a method that is not implemented.", Code.Unimplemented);
    },
    async clientStream(requests, context) {
      const all: ClientStreamRequest[] = [];
      for await (const request of requests) all.push(request);
      return answer(all[0]?.responseDefinition, all.map(pack), context);
    },
    async *serverStream(request, context) {
      const { responseDefinition: definition } = request;
      addMetadata(context, definition);
      if (definition !== undefined) yield* remaining(definition, 0, [pack(request)], context);
    },
    async *bidiStream(requests, context) {
      let definition: StreamDefinition | undefined;
      let fullDuplex: boolean | undefined;
      let untold: Any[] = [];
      let sent = 0;
      for await (const request of requests) {
        if (fullDuplex === undefined) {
          ({ responseDefinition: definition, fullDuplex } = request);
          addMetadata(context, definition);
        }
        untold.push(pack(request));
        if (!fullDuplex) continue;
        const data = definition?.responseData[sent];
        if (data === undefined) break;
        await delay(definition?.responseDelayMs ?? 0);
        const requestInfo = sent === 0 ? seen(context, untold) : create(contract.requestInfo, { requests: untold });
        yield { payload: { data, requestInfo } };
        sent += 1;
        untold = [];
      }
      if (definition !== undefined) yield* remaining(definition, sent, untold, context);
    },
  };
}
