import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import { checkInputs } from "./check.ts";
import type { EngineLog } from "./engineLog.ts";
import { unknownType } from "./errors.ts";
import { runFields } from "./fields.ts";
import { runAndCollect } from "./localCommand.ts";
import { toFailure, toProperties, toStruct } from "./protocol.ts";
import type { Requests } from "./requests.ts";
import { createResourceMethods } from "./resourceMethods.ts";
import { renderSchema } from "./schema.ts";
import { reveal } from "./wire.ts";

/** The version of @pulumi/command whose resources these are. */
export const VERSION = "1.2.1";

const RUN = "command:local:run";

/**
 * Pulumi's ResourceProvider service for @pulumi/command's resources.
 *
 * Served on the protocol itself, not by pulumi.provider.main: that has no way to tell a preview from an update, to
 * return a detailed diff (without which `replaceOnChanges: triggers[*]` of the SDK cannot match), to see a resource's
 * time limit or old inputs, and it prints the stack of every failure.
 */
export function createService(requests: Requests, log: EngineLog): grpc.UntypedServiceImplementation {
  const implementation: Record<string, (request: never) => Promise<unknown>> = {
    async handshake(request: messages.ProviderHandshakeRequest) {
      log.attach(request.getEngineAddress());
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(true);
      return response;
    },
    async attach(request: plugin.PluginAttach) {
      log.attach(request.getAddress());
      return new emptyMessages.Empty();
    },
    async getPluginInfo() {
      const response = new plugin.PluginInfo();
      response.setVersion(VERSION);
      return response;
    },
    async getSchema() {
      const response = new messages.GetSchemaResponse();
      response.setSchema(renderSchema(VERSION));
      return response;
    },
    async checkConfig(request: messages.CheckRequest) {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    },
    async diffConfig() {
      const response = new messages.DiffResponse();
      response.setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE);
      return response;
    },
    async configure() {
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setAcceptresources(true);
      response.setSupportspreview(true);
      return response;
    },
    async cancel() {
      requests.cancel();
      return new emptyMessages.Empty();
    },
    getMappings: async () => new messages.GetMappingsResponse(),
    getMapping: async () => new messages.GetMappingResponse(),

    ...createResourceMethods(requests),

    async invoke(request: messages.InvokeRequest) {
      if (request.getTok() !== RUN) throw unknownType(`function ${request.getTok()}`, [RUN]);
      const { inputs, failures } = checkInputs(runFields.inputs, toProperties(request.getArgs()));
      const response = new messages.InvokeResponse();
      response.setFailuresList(failures.map(toFailure));
      if (failures.length > 0) return response;
      const outputs = await requests.run(
        { phase: "run", urn: "", name: RUN, timeoutSeconds: 0, properties: [inputs] },
        (operation) => runAndCollect(String(reveal(inputs.command)), inputs, {}, operation),
      );
      response.setReturn(toStruct({ ...inputs, ...outputs }));
      return response;
    },
  };

  const service: grpc.UntypedServiceImplementation = {};
  for (const [method, handle] of Object.entries(implementation)) {
    if (!(method in providerRpc.ResourceProviderService)) continue;
    const serve: grpc.handleUnaryCall<never, unknown> = (call, callback) => {
      handle(call.request).then(
        (response) => callback(null, response),
        (error) =>
          callback("details" in error ? error : { code: grpc.status.UNKNOWN, details: error.message }),
      );
    };
    service[method] = serve as grpc.UntypedHandleCall;
  }
  return service;
}
