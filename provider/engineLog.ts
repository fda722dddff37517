import * as grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";

/** Shows lines under a resource while it is being made. A line that the engine does not take is no failure. */
export class EngineLog {
  private readonly client: InstanceType<typeof engineRpc.EngineClient> | undefined;

  /** Without an address (a plugin started by hand) lines go nowhere. */
  constructor(address: string | undefined) {
    if (address !== undefined && address !== "") {
      this.client = new engineRpc.EngineClient(address, grpc.credentials.createInsecure());
    }
  }

  /** A function that takes output as it comes and shows it line by line under a resource. */
  lines(urn: string): { push: (text: string) => void; end: () => void } {
    let rest = "";
    const push = (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.show(urn, line);
    };
    return { push, end: () => push(rest === "" ? "" : "\n") };
  }

  private show(urn: string, line: string): void {
    if (this.client === undefined || line.trim() === "") return;
    const request = new engineMessages.LogRequest();
    request.setSeverity(engineMessages.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(line);
    this.client.log(request, () => undefined);
  }
}
