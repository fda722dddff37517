/** The server of one emulated node, detached from whoever started it: `node daemon.ts DIRECTORY ID NAME GENERATION PORT EXPIRES`. */
import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import ssh2 from "ssh2";
import { readMarker, writeMarker } from "./marker.ts";
import { nodePaths } from "./nodeDirectory.ts";
import { endEverything } from "./processGroups.ts";
import { createNodeServer } from "./server.ts";

const [directory = "", id = "", name = "", generation = "1", port = "0", expires = "0"] =
  process.argv.slice(2);
const paths = nodePaths(directory);
const expiresAt = Number(expires);
const logLimitBytes = 1024 * 1024;

function log(line: string): void {
  try {
    if ((statSync(paths.log, { throwIfNoEntry: false })?.size ?? 0) > logLimitBytes)
      renameSync(paths.log, `${paths.log}.1`);
    appendFileSync(paths.log, `${new Date().toISOString()} ${line}\n`);
  } catch {
    // without its directory the node ends itself below
  }
}

const server = createNodeServer(paths, id, log);
server.on("error", (error: NodeJS.ErrnoException) => {
  log(`server: ${error.message}`);
  process.send?.({ failed: error.code ?? error.message });
  process.exit(1);
});
server.listen(Number(port), "127.0.0.1", () => {
  const key = ssh2.utils.parseKey(readFileSync(paths.hostKey));
  if (key instanceof Error) throw key;
  const hostKey = `${key.type} ${key.getPublicSSH().toString("base64")}`;
  const address = server.address();
  const taken = address !== null && typeof address === "object" ? address.port : 0;
  writeMarker(paths.marker, {
    kind: "rocmark-emulated-node",
    schema: 1,
    id,
    name,
    directory: paths.directory,
    generation: Number(generation),
    port: taken,
    hostKey,
    pid: process.pid,
    expiresAt,
  });
  log(`listening on port ${taken}, generation ${generation}`);
  process.send?.({ listening: taken });
  process.disconnect?.();
});

let ending = false;
async function end(reason: string): Promise<void> {
  if (ending) return;
  ending = true;
  log(`ending: ${reason}`);
  server.close();
  await endEverything(paths.groups, id);
  process.exit(0);
}

process.on("SIGTERM", () => void end("asked to"));
process.on("SIGINT", () => void end("interrupted"));
process.on("SIGHUP", () => undefined); // the terminal it was started from may close
process.on("uncaughtException", (error) => log(`unexpected: ${error.message}`));

// By the wall clock and often: a laptop that slept past the lifetime ends the node when it wakes.
setInterval(() => {
  if (Date.now() > expiresAt) void end("its lifetime is over");
  else if (!existsSync(paths.marker)) void end("its directory is gone");
  else {
    const found = readMarker(paths.marker);
    if (found.state === "present" && found.marker.pid !== process.pid)
      void end("another server has taken over");
  }
}, 5_000);
