import {
  create,
  createFileRegistry,
  type DescFile,
  type DescService,
  type FileRegistry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "#gen/google/rpc/error_details_pb.js";
import { type ServerReflectionRequest, ServerReflection as V1 } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as V1Alpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { type Implementation, implement } from "./implementation.ts";

function withImports(file: DescFile, seen = new Map<string, DescFile>()): Map<string, DescFile> {
  if (!seen.has(file.name)) {
    for (const dependency of file.dependencies) withImports(dependency, seen);
    seen.set(file.name, file);
  }
  return seen;
}

function fileOfSymbol(registry: FileRegistry, symbol: string): DescFile | undefined {
  const found = registry.get(symbol);
  if (found !== undefined) return found.file;
  // "package.Service.Method" and "package.Message.field" name a member of what the registry knows.
  const dot = symbol.lastIndexOf(".");
  return dot > 0 ? fileOfSymbol(registry, symbol.slice(0, dot)) : undefined;
}

function fileOfExtension(registry: FileRegistry, message: string, number: number): DescFile | undefined {
  const extendee = registry.getMessage(message);
  return extendee === undefined ? undefined : registry.getExtensionFor(extendee, number)?.file;
}

function createAnswers(services: readonly DescService[]) {
  const files = new Map<string, DescFile>();
  for (const service of services) withImports(service.file, files);
  withImports(file_google_rpc_error_details, files); // so that tools can show what a failure carries
  const registry = createFileRegistry(
    create(FileDescriptorSetSchema, { file: [...files.values()].map((it) => it.proto) }),
  );
  const filesAnswer = (file: DescFile | undefined, what: string) =>
    file === undefined
      ? ({
          case: "errorResponse",
          value: { errorCode: Code.NotFound, errorMessage: `${what} is not known here` },
        } as const)
      : ({
          case: "fileDescriptorResponse",
          value: {
            // The file that was asked for comes first: some clients, ghz among them, take the first for the answer.
            fileDescriptorProto: [...withImports(file).values()]
              .reverse()
              .map((it) => toBinary(FileDescriptorProtoSchema, it.proto)),
          },
        } as const);
  return (question: ServerReflectionRequest["messageRequest"]) => {
    switch (question.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map((it) => ({ name: it.typeName })) },
        } as const;
      case "fileByFilename":
        return filesAnswer(files.get(question.value.replace(/\.proto$/, "")), question.value);
      case "fileContainingSymbol":
        return filesAnswer(fileOfSymbol(registry, question.value), question.value);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = question.value;
        return filesAnswer(
          fileOfExtension(registry, containingType, extensionNumber),
          `extension ${extensionNumber} of ${containingType}`,
        );
      }
      case "allExtensionNumbersOfType": {
        const numbers = [...registry].flatMap((it) =>
          it.kind === "extension" && it.extendee.typeName === question.value ? [it.number] : [],
        );
        return {
          case: "allExtensionNumbersResponse",
          value: { baseTypeName: question.value, extensionNumber: numbers },
        } as const;
      }
      case undefined:
        return {
          case: "errorResponse",
          value: { errorCode: Code.InvalidArgument, errorMessage: "The request asks nothing" },
        } as const;
    }
  };
}

/** gRPC reflection, v1 and v1alpha, over these services: how grpcurl and buf curl learn the contracts. */
export function reflectionServices(services: readonly DescService[]): Implementation[] {
  const answer = createAnswers([...services, V1, V1Alpha]);
  return [
    implement(V1, {
      async *serverReflectionInfo(requests) {
        for await (const it of requests)
          yield { validHost: it.host, originalRequest: it, messageResponse: answer(it.messageRequest) };
      },
    }),
    implement(V1Alpha, {
      async *serverReflectionInfo(requests) {
        // The two versions are the same on the wire; only the package differs.
        for await (const it of requests) {
          const messageRequest = it.messageRequest as ServerReflectionRequest["messageRequest"];
          yield { validHost: it.host, originalRequest: it, messageResponse: answer(messageRequest) };
        }
      },
    }),
  ];
}
