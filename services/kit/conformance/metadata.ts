import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import type { ErrorStatus, Header } from "./messages.ts";

type HeaderInit = MessageInitShape<GenMessage<Header>>;

const ANY_PREFIX = "type.googleapis.com/";

/** Headers as the suite's messages hold them. */
export function headerList(headers: Iterable<[string, string]>): HeaderInit[] {
  const byName = new Map<string, string[]>();
  for (const [name, value] of headers) byName.set(name, [...(byName.get(name) ?? []), value]);
  return [...byName].map(([name, value]) => ({ name, value }));
}

/** Adds what the suite asks for to headers. */
export function appendHeaders(headers: Headers, list: readonly Header[]): void {
  for (const { name, value } of list) for (const it of value) headers.append(name, it);
}

/** An error's detail as both ends of a call hold one that they do not decode. */
export function detailOf({ typeUrl, value }: Any): { type: string; value: Uint8Array<ArrayBuffer> } {
  return { type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value: new Uint8Array(value) };
}

/** An error that a client saw, as the suite's messages hold it. */
export function statusOf(error: ConnectError): MessageInitShape<GenMessage<ErrorStatus>> {
  const details = error.details.flatMap((it) =>
    "type" in it ? [{ typeUrl: ANY_PREFIX + it.type, value: new Uint8Array(it.value) }] : [],
  );
  return { code: error.code, message: error.rawMessage, details };
}
