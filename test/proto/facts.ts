// What a contract says on the wire, a line for each fact, so that two descriptions compare as sets.
import { fromBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FieldDescriptorProto,
  FileDescriptorSetSchema,
  type ServiceDescriptorProto,
} from '@bufbuild/protobuf/wkt';

export interface Fact {
  readonly package: string;
  readonly text: string;
}

/** The facts of every file in an encoded FileDescriptorSet. */
export function factsOf(descriptorSet: Uint8Array): Fact[] {
  return fromBinary(FileDescriptorSetSchema, descriptorSet).file.flatMap((file) => {
    const scope = file.package;
    const lines = [
      ...file.messageType.flatMap((message) => messageFacts(scope, message)),
      ...file.enumType.flatMap((type) => enumFacts(scope, type)),
      ...file.service.flatMap((service) => serviceFacts(scope, service)),
    ];
    return lines.map((text) => ({ package: scope, text }));
  });
}

function messageFacts(scope: string, message: DescriptorProto): string[] {
  const name = `${scope}.${message.name}`;
  const oneofs = message.oneofDecl.map((oneof) => oneof.name);
  return [
    `message ${name}${message.options?.mapEntry === true ? ' map entry' : ''}`,
    ...message.field.map((field) => `${name}.${fieldFact(field, oneofs)}`),
    ...message.nestedType.flatMap((nested) => messageFacts(name, nested)),
    ...message.enumType.flatMap((nested) => enumFacts(name, nested)),
  ];
}

function fieldFact(field: FieldDescriptorProto, oneofs: readonly string[]): string {
  const oneof = field.oneofIndex !== undefined && !field.proto3Optional && oneofs[field.oneofIndex];
  const label = field.proto3Optional ? 'optional ' : `${Label[field.label].toLowerCase()} `;
  const type = `${Type[field.type].toLowerCase()}${field.typeName}`;
  return `${field.name} = ${field.number}: ${label}${type}${oneof ? ` of ${oneof}` : ''}`;
}

function enumFacts(scope: string, type: EnumDescriptorProto): string[] {
  return type.value.map((value) => `enum ${scope}.${type.name}: ${value.name} = ${value.number}`);
}

function serviceFacts(scope: string, service: ServiceDescriptorProto): string[] {
  return service.method.map((method) => {
    const takes = `${method.clientStreaming ? 'stream ' : ''}${method.inputType}`;
    const gives = `${method.serverStreaming ? 'stream ' : ''}${method.outputType}`;
    return `rpc ${scope}.${service.name}/${method.name}: ${takes} -> ${gives}`;
  });
}
