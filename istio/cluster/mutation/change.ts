import {
  clone,
  create,
  createFileRegistry,
  type DescFile,
  type DescMethod,
  type DescService,
  getOption,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type MethodDescriptorProto,
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { type Policy, PolicySchema, policy as policyOption } from "#gen/shop/mesh/v1/policy_pb.js";

/** Changes one service of a contract; what it gets is a copy. */
export type Edit = (service: ServiceDescriptorProto) => void;

/** Every file of the contracts, each behind those it imports. */
function filesOf(services: readonly DescService[]): DescFile[] {
  const found = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file)) return;
    file.dependencies.forEach(visit);
    found.add(file);
  };
  for (const service of services) visit(service.file);
  return [...found];
}

/** The contracts with one service changed, as descriptors of their own; no file is touched. */
export function withChange(services: readonly DescService[], changed: DescService, edit: Edit): DescService[] {
  const file = filesOf(services).map(({ proto }) => {
    const copy = clone(FileDescriptorProtoSchema, proto);
    if (proto.name === changed.file.proto.name) copy.service.filter((it) => it.name === changed.name).forEach(edit);
    return copy;
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  return services.map((it) => {
    const found = registry.getService(it.typeName);
    if (found === undefined) throw new Error(`${it.typeName} is lost`);
    return found;
  });
}

function methodIn(service: ServiceDescriptorProto, { name }: DescMethod): MethodDescriptorProto {
  const found = service.method.find((it) => it.name === name);
  if (found === undefined) throw new Error(`${service.name} has no ${name}`);
  return found;
}

/** Changes how a call is to be treated. */
export function policy(method: DescMethod, change: (policy: Policy) => void): Edit {
  return (service) => {
    const { options } = methodIn(service, method);
    const changed = clone(PolicySchema, getOption(method, policyOption));
    change(changed);
    if (options !== undefined) setExtension(options, policyOption, changed);
  };
}

/** Changes what stands around the policy: idempotency, streaming. */
export function method(method: DescMethod, change: (proto: MethodDescriptorProto) => void): Edit {
  return (service) => change(methodIn(service, method));
}

/** Adds a call that is like another one. */
export function added(like: DescMethod, name: string, callers: readonly string[]): Edit {
  return (service) => {
    const proto = clone(MethodDescriptorProtoSchema, methodIn(service, like));
    const options = clone(MethodOptionsSchema, proto.options ?? create(MethodOptionsSchema));
    const changed = clone(PolicySchema, getOption(like, policyOption));
    changed.callers = [...callers];
    delete changed.rateLimit;
    setExtension(options, policyOption, changed);
    service.method.push({ ...proto, name, options });
  };
}

/** Takes a call out of the contract. */
export function removed({ name }: DescMethod): Edit {
  return (service) => {
    service.method = service.method.filter((it) => it.name !== name);
  };
}
