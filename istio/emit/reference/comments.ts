import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescOneof,
  DescService,
} from "@bufbuild/protobuf";

type Commented = DescMessage | DescField | DescOneof | DescEnum | DescEnumValue | DescService | DescMethod;

/** Numbers of the fields in descriptor.proto that lead from a file to what it declares. */
const IN_FILE = { message: 4, enum: 5, service: 6 } as const;
const IN_MESSAGE = { field: 2, message: 3, enum: 4, oneof: 8 } as const;
const MEMBER = 2;

/** Where something stands in its file, as the file's source info writes it. */
function pathOf(desc: Commented): number[] {
  switch (desc.kind) {
    case "service":
      return [IN_FILE.service, desc.file.proto.service.indexOf(desc.proto)];
    case "rpc":
      return [...pathOf(desc.parent), MEMBER, desc.parent.proto.method.indexOf(desc.proto)];
    case "message":
      return desc.parent === undefined
        ? [IN_FILE.message, desc.file.proto.messageType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), IN_MESSAGE.message, desc.parent.proto.nestedType.indexOf(desc.proto)];
    case "enum":
      return desc.parent === undefined
        ? [IN_FILE.enum, desc.file.proto.enumType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), IN_MESSAGE.enum, desc.parent.proto.enumType.indexOf(desc.proto)];
    case "enum_value":
      return [...pathOf(desc.parent), MEMBER, desc.parent.proto.value.indexOf(desc.proto)];
    case "field":
      return [...pathOf(desc.parent), IN_MESSAGE.field, desc.parent.proto.field.indexOf(desc.proto)];
    case "oneof":
      return [...pathOf(desc.parent), IN_MESSAGE.oneof, desc.parent.proto.oneofDecl.indexOf(desc.proto)];
  }
}

function fileOf(desc: Commented): DescFile {
  return "file" in desc ? desc.file : desc.parent.file;
}

/** What stands above a declaration in its proto, as one paragraph a blank line; needs descriptors with source info. */
export function createComments(): (desc: Commented) => string {
  const files = new Map<DescFile, Map<string, string>>();
  const commentsIn = (file: DescFile): Map<string, string> => {
    const locations = file.proto.sourceCodeInfo?.location ?? [];
    const found = new Map(locations.map((it) => [it.path.join("."), it.leadingComments]));
    files.set(file, found);
    return found;
  };
  return (desc) => {
    const file = fileOf(desc);
    const text = (files.get(file) ?? commentsIn(file)).get(pathOf(desc).join(".")) ?? "";
    const paragraphs = text.split(/\n\s*\n/).map((it) => it.replace(/\s+/g, " ").trim());
    return paragraphs.filter((it) => it !== "").join("\n\n");
  };
}
