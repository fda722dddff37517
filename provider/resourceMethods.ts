import messages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import { checkInputs } from "./check.ts";
import { copyFile } from "./copyFile.ts";
import { copyToRemote } from "./copyToRemote.ts";
import { diffInputs } from "./diff.ts";
import { driftChanges, isDrifted } from "./drift.ts";
import { unknownType } from "./errors.ts";
import { type Fields, resourceFields } from "./fields.ts";
import { toInitFailure } from "./initFailure.ts";
import { toKept, toWhole } from "./keptState.ts";
import { localCommand } from "./localCommand.ts";
import type { ResourceType } from "./operation.ts";
import { preview } from "./preview.ts";
import { onlyInputs, toDiffResponse, toFailure, toOldInputs, toProperties, toStruct } from "./protocol.ts";
import { remoteCommand } from "./remoteCommand.ts";
import type { Failure, Requests } from "./requests.ts";

const resourceTypes: Record<string, ResourceType> = {
  "command:local:Command": localCommand,
  "command:remote:Command": remoteCommand,
  "command:remote:CopyToRemote": copyToRemote,
  "command:remote:CopyFile": copyFile,
};

/** What the engine asks about a resource. */
export const createResourceMethods = (requests: Requests) => ({
  async check(request: messages.CheckRequest) {
    const { inputs } = toResource(request.getUrn()).fields;
    const checked = checkInputs(inputs, toProperties(request.getNews()));
    const response = new messages.CheckResponse();
    response.setInputs(toStruct(checked.inputs));
    response.setFailuresList(checked.failures.map(toFailure));
    return response;
  },

  async diff(request: messages.DiffRequest) {
    const { fields } = toResource(request.getUrn());
    const olds = onlyInputs(fields.inputs, toOldInputs(request));
    const changes = diffInputs(olds, toProperties(request.getNews()));
    if (isDrifted(toProperties(request.getOlds())))
      for (const [path, change] of driftChanges) changes.set(path, change);
    return toDiffResponse(changes, request.getIgnorechangesList());
  },

  async create(request: messages.CreateRequest) {
    const { type, name } = toResource(request.getUrn());
    const inputs = toProperties(request.getProperties());
    const response = new messages.CreateResponse();
    if (request.getPreview()) {
      response.setProperties(toStruct(toKept(preview(type, inputs, {}))));
      return response;
    }
    const id = type.toId(name);
    const state = await requests
      .run(
        {
          phase: "create",
          urn: request.getUrn(),
          name,
          timeoutSeconds: request.getTimeout(),
          properties: [inputs],
        },
        (operation) => type.create(inputs, operation),
      )
      .catch((failure: Failure) => {
        throw failure.isHalfDone ? toInitFailure(failure, id, { stdout: "", stderr: "" }) : failure;
      });
    response.setId(id);
    response.setProperties(toStruct(toKept(state)));
    return response;
  },

  async update(request: messages.UpdateRequest) {
    const { type, name } = toResource(request.getUrn());
    const inputs = toProperties(request.getNews());
    const state = toWhole(toProperties(request.getOldInputs()), toProperties(request.getOlds()));
    const response = new messages.UpdateResponse();
    if (request.getPreview()) {
      response.setProperties(toStruct(toKept(preview(type, inputs, state))));
      return response;
    }
    const updated = await requests.run(
      {
        phase: "update",
        urn: request.getUrn(),
        name,
        timeoutSeconds: request.getTimeout(),
        properties: [inputs, state],
      },
      (operation) => type.update(inputs, state, operation),
    );
    response.setProperties(toStruct(toKept(updated)));
    return response;
  },

  async delete(request: messages.DeleteRequest) {
    const { type, name } = toResource(request.getUrn());
    const state = toWhole(toProperties(request.getOldInputs()), toProperties(request.getProperties()));
    await requests.run(
      {
        phase: "delete",
        urn: request.getUrn(),
        name,
        timeoutSeconds: request.getTimeout(),
        properties: [state],
      },
      (operation) => type.delete(state, operation),
    );
    return new emptyMessages.Empty();
  },

  async read(request: messages.ReadRequest) {
    const { type, name, fields } = toResource(request.getUrn());
    const kept = toProperties(request.getProperties());
    const given = toProperties(request.getInputs());
    const inputs = Object.keys(given).length > 0 ? given : onlyInputs(fields.inputs, kept);
    const state = Object.keys(kept).length > 0 ? toWhole(inputs, kept) : {};
    const response = new messages.ReadResponse();
    // Nothing is known of a resource that is to be imported, and nothing can be found out.
    const reading =
      type.read && Object.keys(state).length > 0
        ? await requests.run(
            {
              phase: "read",
              urn: request.getUrn(),
              name,
              timeoutSeconds: request.getTimeout(),
              properties: [state, inputs],
            },
            (operation) => type.read?.(state, inputs, operation) ?? Promise.resolve({ state, inputs }),
          )
        : { state, inputs };
    if (!reading) return response; // without an id: it is gone
    response.setId(request.getId());
    response.setProperties(toStruct(toKept(reading.state)));
    response.setInputs(toStruct(reading.inputs));
    return response;
  },
});

interface Resource {
  type: ResourceType;
  fields: { inputs: Fields; outputs: Fields };
  name: string;
}

/** A URN's type is the last of its qualified type; its name is all after the third `::`. */
function toResource(urn: string): Resource {
  const [, , types = "", ...name] = urn.split("::");
  const token = types.split("$").at(-1) ?? "";
  const [type, fields] = [resourceTypes[token], resourceFields[token]];
  if (!type || !fields) throw unknownType(`resource ${token}`, Object.keys(resourceTypes));
  return { type, fields, name: name.join("::") };
}
