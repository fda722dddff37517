/** Between Pulumi's messages and plain values. */
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import structMessages, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import type { CheckFailure } from "./check.ts";
import type { Change } from "./diff.ts";
import type { Fields } from "./fields.ts";
import type { Properties } from "./wire.ts";

export const toProperties = (struct: structMessages.Struct | undefined): Properties =>
  (struct?.toJavaScript() ?? {}) as Properties;

export const toStruct = (properties: Properties): structMessages.Struct =>
  structMessages.Struct.fromJavaScript(withoutUndefined(properties) as Record<string, JavaScriptValue>);

const withoutUndefined = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));

/** Old inputs as they were; an engine that does not send them sends the state, which holds them. */
export function toOldInputs(request: messages.DiffRequest): Properties {
  const inputs = toProperties(request.getOldInputs());
  return Object.keys(inputs).length > 0 ? inputs : toProperties(request.getOlds());
}

export const onlyInputs = (fields: Fields, properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => name in fields));

export function toFailure({ property, reason }: CheckFailure): messages.CheckFailure {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

export function toDiffResponse(
  changes: Map<string, Change>,
  ignored: readonly string[],
): messages.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const { ADD, DELETE, UPDATE } = messages.PropertyDiff.Kind;
  const kinds = { add: ADD, delete: DELETE, update: UPDATE };
  const response = new messages.DiffResponse();
  response.setHasdetaileddiff(true);
  const names = new Set<string>();
  for (const [path, change] of changes) {
    const name = path.split(/[.[]/)[0] ?? path;
    if (ignored.includes(name)) continue;
    names.add(name);
    const property = new messages.PropertyDiff();
    property.setKind(kinds[change]);
    response.getDetaileddiffMap().set(path, property);
  }
  response.setDiffsList([...names]);
  response.setChanges(names.size > 0 ? DIFF_SOME : DIFF_NONE);
  return response;
}
