import type { Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { Code } from "@connectrpc/connect";

// Types of the suite's messages, as far as the programs under test use them. The messages themselves are made from the
// suite's own descriptors, which come with its installation (see contract.ts).

type Named<Name extends string, Fields> = Message<`connectrpc.conformance.v1.${Name}`> & Fields;

/** Name and values of a header, a trailer or a query parameter. */
export type Header = Named<"Header", { name: string; value: string[] }>;

/** An error to raise, or one that was seen. */
export type ErrorStatus = Named<"Error", { code: Code; message?: string; details: Any[] }>;

/** How to answer where there is one answer. */
export type UnaryDefinition = Named<
  "UnaryResponseDefinition",
  {
    responseHeaders: Header[];
    response:
      | { case: "responseData"; value: Uint8Array<ArrayBuffer> }
      | { case: "error"; value: ErrorStatus }
      | { case: undefined; value?: undefined };
    responseTrailers: Header[];
    responseDelayMs: number;
  }
>;

/** How to answer with a stream. */
export type StreamDefinition = Named<
  "StreamResponseDefinition",
  {
    responseHeaders: Header[];
    responseData: Uint8Array<ArrayBuffer>[];
    responseDelayMs: number;
    error?: ErrorStatus;
    responseTrailers: Header[];
  }
>;

/** What a server saw of a request. */
export type RequestInfo = Named<
  "ConformancePayload.RequestInfo",
  {
    requestHeaders: Header[];
    timeoutMs?: bigint;
    requests: Any[];
    connectGetInfo?: Named<"ConformancePayload.ConnectGetInfo", { queryParams: Header[] }>;
  }
>;

/** What an answer of any kind carries. */
export type Payload = Named<"ConformancePayload", { data: Uint8Array<ArrayBuffer>; requestInfo?: RequestInfo }>;

export type UnaryRequest = Named<"UnaryRequest", { responseDefinition?: UnaryDefinition }>;
export type ClientStreamRequest = Named<"ClientStreamRequest", { responseDefinition?: UnaryDefinition }>;
export type ServerStreamRequest = Named<"ServerStreamRequest", { responseDefinition?: StreamDefinition }>;
export type BidiStreamRequest = Named<
  "BidiStreamRequest",
  { responseDefinition?: StreamDefinition; fullDuplex: boolean }
>;
/** An answer of any of the service's methods. */
export type Response = Named<"UnaryResponse", { payload?: Payload }>;

type Rpc<Kind extends "unary" | "client_streaming" | "server_streaming" | "bidi_streaming", Request extends Message> = {
  methodKind: Kind;
  input: GenMessage<Request>;
  output: GenMessage<Response>;
};

/** The service that the suite calls, and has called. */
export type ConformanceService = GenService<{
  unary: Rpc<"unary", UnaryRequest>;
  idempotentUnary: Rpc<"unary", UnaryRequest>;
  unimplemented: Rpc<"unary", UnaryRequest>;
  clientStream: Rpc<"client_streaming", ClientStreamRequest>;
  serverStream: Rpc<"server_streaming", ServerStreamRequest>;
  bidiStream: Rpc<"bidi_streaming", BidiStreamRequest>;
}>;

/** What a server under test is asked to be. */
export type ServerCompatRequest = Named<"ServerCompatRequest", { messageReceiveLimit: number }>;
export type ServerCompatResponse = Named<"ServerCompatResponse", { host: string; port: number }>;

/** When a client under test has to cancel its call. */
export type Cancel = Named<
  "ClientCompatRequest.Cancel",
  {
    cancelTiming:
      | { case: "beforeCloseSend"; value: Message }
      | { case: "afterCloseSendMs"; value: number }
      | { case: "afterNumResponses"; value: number }
      | { case: undefined; value?: undefined };
  }
>;

/** A call that a client under test is asked to make. */
export type ClientCompatRequest = Named<
  "ClientCompatRequest",
  {
    testName: string;
    codec: number;
    compression: number;
    host: string;
    port: number;
    messageReceiveLimit: number;
    method?: string;
    requestHeaders: Header[];
    requestMessages: Any[];
    timeoutMs?: number;
    requestDelayMs: number;
    cancel?: Cancel;
    streamType: number;
  }
>;

/** How such a call ended. */
export type ClientResponseResult = Named<
  "ClientResponseResult",
  {
    responseHeaders: Header[];
    payloads: Payload[];
    error?: ErrorStatus;
    responseTrailers: Header[];
    numUnsentRequests: number;
  }
>;
export type ClientCompatResponse = Named<
  "ClientCompatResponse",
  {
    testName: string;
    result:
      | { case: "response"; value: ClientResponseResult }
      | { case: "error"; value: Named<"ClientErrorResult", { message: string }> };
  }
>;
