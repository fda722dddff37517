/** The Pulumi plugin. The engine starts it with its own address, and reads the port of the service from stdout. */
import * as grpc from "@grpc/grpc-js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { SshPool } from "../ssh/pool.ts";
import { EngineLog } from "./engineLog.ts";
import { Requests } from "./requests.ts";
import { createService } from "./server.ts";

/** As Pulumi's own: a state may be large. */
const LARGEST_MESSAGE_BYTES = 400 * 1024 * 1024;

/** How long commands may take to end after SIGTERM, before the plugin leaves. */
const LEAVE_MILLISECONDS = 8000;

const log = new EngineLog();
const pool = new SshPool();
const requests = new Requests(pool, log);
log.attach(process.argv.slice(2).find((word) => !word.startsWith("-")));

const server = new grpc.Server({
  "grpc.max_receive_message_length": LARGEST_MESSAGE_BYTES,
  "grpc.max_send_message_length": LARGEST_MESSAGE_BYTES,
});
server.addService(providerRpc.ResourceProviderService, createService(requests, log));

/** End what runs, here and on nodes, then leave. */
const leave = () => {
  requests.cancel();
  setTimeout(() => process.exit(1), LEAVE_MILLISECONDS).unref();
  server.tryShutdown(() => pool.close().finally(() => process.exit(0)));
};

// The engine closes a plugin with SIGINT and waits five seconds for it. Ctrl-C does not come here: the engine starts its
// plugins in a process group of their own, and tells them by Cancel when to stop.
process.on("SIGINT", leave);
process.on("SIGTERM", leave);
// An engine that was killed tells nobody: what it had started on nodes must still end.
const engine = process.ppid;
setInterval(() => process.ppid !== engine && leave(), 1000).unref();

server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(String(port));
});
