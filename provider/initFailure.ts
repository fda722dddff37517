import * as grpc from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import anyMessages from "google-protobuf/google/protobuf/any_pb.js";
import { toStruct } from "./protocol.ts";
import type { Failure } from "./requests.ts";
import type { Properties } from "./wire.ts";

/**
 * A failure by which the engine keeps the resource in its state: ErrorResourceInitFailed, packed into gRPC's own status in the
 * header that gRPC for Go reads it from.
 */
export function toInitFailure({ code, details }: Failure, id: string, kept: Properties): Failure {
  const failed = new messages.ErrorResourceInitFailed();
  failed.setId(id);
  failed.setProperties(toStruct(kept));
  failed.setReasonsList([details]);
  const packed = new anyMessages.Any();
  packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const whole = new status.Status();
  whole.setCode(code ?? grpc.status.UNKNOWN);
  whole.setMessage(details);
  whole.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  return { code: code ?? grpc.status.UNKNOWN, details, metadata, isHalfDone: true };
}
