import * as grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import { mask } from "./mask.ts";

/** How long lines wait for company, and how many of them are shown then; a build log must not flood the engine. */
const FLUSH_MILLISECONDS = 100;
const LINES_A_FLUSH = 20;

/** A line that never ends (a progress bar) is shown in pieces. */
const LONGEST_LINE = 4096;

/** Shows lines at a resource while something is done to it. Showing is a courtesy: no failure of it counts. */
export class EngineLog {
  private client: engineRpc.EngineClient | undefined;

  /** Where the engine listens; before that (a plugin started by hand) lines go nowhere. */
  attach(address: string | undefined): void {
    if (address) this.client = new engineRpc.EngineClient(address, grpc.credentials.createInsecure());
  }

  /** Takes output as it comes; shows whole lines, secrets masked. */
  output(urn: string, secrets: readonly string[]): OutputLog {
    return new OutputLog((line) => this.send(urn, mask(line, secrets), "status"));
  }

  /** A message that stays on screen after the operation. */
  async warn(urn: string, message: string): Promise<void> {
    await this.send(urn, message, "warning");
  }

  private send(urn: string, message: string, kind: "status" | "warning"): Promise<void> {
    return new Promise((done) => {
      if (!this.client) return done();
      const request = new engineMessages.LogRequest();
      const { INFO, WARNING } = engineMessages.LogSeverity;
      request.setSeverity(kind === "warning" ? WARNING : INFO);
      request.setEphemeral(kind === "status");
      request.setUrn(urn);
      request.setMessage(message);
      this.client.log(request, new grpc.Metadata(), { deadline: Date.now() + 5000 }, () => done());
    });
  }
}

/** One operation's lines, in order. */
export class OutputLog {
  private readonly show: (line: string) => Promise<void>;
  private readonly rests: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  private lines: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sent: Promise<void> = Promise.resolve();

  constructor(show: (line: string) => Promise<void>) {
    this.show = show;
  }

  push(stream: "stdout" | "stderr", text: string): void {
    const lines = (this.rests[stream] + text).split("\n");
    const rest = lines.pop() ?? "";
    this.rests[stream] = rest.length > LONGEST_LINE ? "" : rest;
    if (rest.length > LONGEST_LINE) lines.push(rest);
    if (lines.length === 0) return;
    this.lines.push(...lines);
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MILLISECONDS);
  }

  /** Show what is left, and wait until the engine has all of it. */
  async end(): Promise<void> {
    for (const stream of ["stdout", "stderr"] as const)
      if (this.rests[stream] !== "") this.lines.push(this.rests[stream]);
    this.flush();
    await this.sent;
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const lines = this.lines.splice(0);
    const hidden = lines.length - LINES_A_FLUSH;
    const shown = hidden > 0 ? [`(${hidden} lines)`, ...lines.slice(-LINES_A_FLUSH)] : lines;
    this.sent = this.sent.then(async () => {
      for (const line of shown) await this.show(line.trimEnd());
    });
  }
}
