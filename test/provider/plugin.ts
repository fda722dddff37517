import { type ChildProcess, spawn } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import structMessages, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";

export type Properties = Record<string, unknown>;

export interface LogLine {
  message: string;
  urn: string;
  /** Shown while the operation runs, not kept. */
  ephemeral: boolean;
  severity: number;
}

/** A running plugin, spoken to as the engine does: started as a process, found by the port it prints. */
export interface Plugin {
  check(type: string, news: Properties): Promise<{ inputs: Properties; failures: string[] }>;
  diff(type: string, oldInputs: Properties, news: Properties, state?: Properties): Promise<Diff>;
  create(type: string, inputs: Properties, options?: CallOptions): Promise<{ id: string; state: Properties }>;
  update(type: string, state: Properties, news: Properties, options?: CallOptions): Promise<Properties>;
  delete(type: string, state: Properties, options?: CallOptions): Promise<void>;
  read(
    type: string,
    state: Properties,
    inputs: Properties,
  ): Promise<{ id: string; state: Properties; inputs: Properties }>;
  invoke(token: string, args: Properties): Promise<{ result: Properties; failures: string[] }>;
  schema(): Promise<Record<string, never>>;
  cancel(): Promise<void>;
  /** What it told the engine so far. */
  log: LogLine[];
  process: ChildProcess;
  stop(): Promise<void>;
}

export interface CallOptions {
  preview?: boolean;
  /** The old inputs, which the engine keeps beside the state. @default the state, which holds them for most */
  oldInputs?: Properties;
  timeoutSeconds?: number;
}

export interface Diff {
  changes: "none" | "some" | "unknown";
  replaces: string[];
  /** Kind by property path. */
  detailed: Record<string, "add" | "update" | "delete" | "other">;
}

/** A failure by which the engine keeps the resource; `state` is what it keeps. */
export interface InitFailure extends Error {
  id: string;
  state: Properties;
  reasons: string[];
}

function toError({ details, metadata }: grpc.ServiceError): Error {
  const error = new Error(details);
  const [header] = metadata.get("grpc-status-details-bin");
  if (header === undefined) return error;
  const [packed] = status.Status.deserializeBinary(Buffer.from(header)).getDetailsList();
  const type = "pulumirpc.ErrorResourceInitFailed";
  const failed = packed?.unpack(messages.ErrorResourceInitFailed.deserializeBinary, type);
  if (!failed) throw new Error(`the status holds no ${type}`);
  const state = toProperties(failed.getProperties());
  return Object.assign(error, { id: failed.getId(), state, reasons: failed.getReasonsList() });
}

const NAME = "thing";

export const urnOf = (type: string): string => `urn:pulumi:stack::project::${type}::${NAME}`;

export async function startPlugin(binary: string, environment: NodeJS.ProcessEnv = {}): Promise<Plugin> {
  const log: LogLine[] = [];
  const engine = await startEngine(log);
  const child = spawn(binary, [engine.address], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(String(chunk).trim()));
    child.once("exit", (code) =>
      reject(new Error(`${binary} ended with ${code} before it printed a port:\n${said}`)),
    );
  });
  const client = new providerRpc.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
  );
  const call = <Q, R>(method: string, request: Q): Promise<R> =>
    new Promise((resolve, reject) => {
      const stub = client as unknown as Record<
        string,
        (q: Q, done: (e: grpc.ServiceError | null, r: R) => void) => void
      >;
      stub[method]?.call(client, request, (error, response) =>
        error ? reject(toError(error)) : resolve(response),
      );
    });

  const configure = new messages.ConfigureRequest();
  configure.setAcceptsecrets(true);
  configure.setAcceptresources(true);
  configure.setSendsOldInputs(true);
  configure.setSendsOldInputsToDelete(true);
  configure.setArgs(toStruct({}));
  await call("configure", configure);

  /** What every request about a resource has. */
  const about = <Q extends { setUrn(v: string): void; setName(v: string): void; setType(v: string): void }>(
    request: Q,
    type: string,
  ): Q => {
    request.setUrn(urnOf(type));
    request.setName(NAME);
    request.setType(type);
    return request;
  };

  return {
    log,
    process: child,
    async check(type, news) {
      const request = about(new messages.CheckRequest(), type);
      request.setNews(toStruct(news));
      const response = await call<unknown, messages.CheckResponse>("check", request);
      return { inputs: toProperties(response.getInputs()), failures: toFailures(response.getFailuresList()) };
    },
    async diff(type, oldInputs, news, state = oldInputs) {
      const request = about(new messages.DiffRequest(), type);
      request.setId("id");
      request.setOlds(toStruct(state));
      request.setOldInputs(toStruct(oldInputs));
      request.setNews(toStruct(news));
      return toDiff(await call("diff", request));
    },
    async create(type, inputs, { preview = false, timeoutSeconds = 0 } = {}) {
      const request = about(new messages.CreateRequest(), type);
      request.setProperties(toStruct(inputs));
      request.setPreview(preview);
      request.setTimeout(timeoutSeconds);
      const response = await call<unknown, messages.CreateResponse>("create", request);
      return { id: response.getId(), state: toProperties(response.getProperties()) };
    },
    async update(type, state, news, { preview = false, timeoutSeconds = 0, oldInputs = state } = {}) {
      const request = about(new messages.UpdateRequest(), type);
      request.setId("id");
      request.setOlds(toStruct(state));
      request.setOldInputs(toStruct(oldInputs));
      request.setNews(toStruct(news));
      request.setPreview(preview);
      request.setTimeout(timeoutSeconds);
      return toProperties((await call<unknown, messages.UpdateResponse>("update", request)).getProperties());
    },
    async delete(type, state, { timeoutSeconds = 0, oldInputs = {} } = {}) {
      const request = about(new messages.DeleteRequest(), type);
      request.setId("id");
      request.setProperties(toStruct(state));
      request.setOldInputs(toStruct(oldInputs));
      request.setTimeout(timeoutSeconds);
      await call("delete", request);
    },
    async read(type, state, inputs) {
      const request = about(new messages.ReadRequest(), type);
      request.setId("id");
      request.setProperties(toStruct(state));
      request.setInputs(toStruct(inputs));
      const response = await call<unknown, messages.ReadResponse>("read", request);
      return {
        id: response.getId(),
        state: toProperties(response.getProperties()),
        inputs: toProperties(response.getInputs()),
      };
    },
    async invoke(token, args) {
      const request = new messages.InvokeRequest();
      request.setTok(token);
      request.setArgs(toStruct(args));
      const response = await call<unknown, messages.InvokeResponse>("invoke", request);
      return { result: toProperties(response.getReturn()), failures: toFailures(response.getFailuresList()) };
    },
    async schema() {
      const response = await call<unknown, messages.GetSchemaResponse>(
        "getSchema",
        new messages.GetSchemaRequest(),
      );
      return JSON.parse(response.getSchema());
    },
    async cancel() {
      await call("cancel", new emptyMessages.Empty());
    },
    async stop() {
      client.close();
      engine.stop();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The part of the engine that a plugin talks to: its log. */
async function startEngine(log: LogLine[]): Promise<{ address: string; stop(): void }> {
  const server = new grpc.Server();
  server.addService(engineRpc.EngineService, {
    log: (
      { request }: grpc.ServerUnaryCall<engineMessages.LogRequest, unknown>,
      callback: grpc.sendUnaryData<unknown>,
    ) => {
      log.push({
        message: request.getMessage(),
        urn: request.getUrn(),
        ephemeral: request.getEphemeral(),
        severity: request.getSeverity(),
      });
      callback(null, new emptyMessages.Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

const toStruct = (properties: Properties) =>
  structMessages.Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);

const toProperties = (struct: structMessages.Struct | undefined): Properties =>
  (struct?.toJavaScript() ?? {}) as Properties;

const toFailures = (failures: messages.CheckFailure[]): string[] =>
  failures.map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);

function toDiff(response: messages.DiffResponse): Diff {
  const kinds = { 0: "add", 2: "delete", 4: "update" } as Record<number, "add" | "delete" | "update">;
  const detailed: Diff["detailed"] = {};
  response.getDetaileddiffMap().forEach((property: messages.PropertyDiff, path: string) => {
    detailed[path] = kinds[property.getKind()] ?? "other";
  });
  const changes = (["unknown", "none", "some"] as const)[response.getChanges()] ?? "unknown";
  return { changes, replaces: response.getReplacesList(), detailed };
}
