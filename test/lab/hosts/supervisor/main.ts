/**
 * The supervisor of one lab: first process of the lab's process namespace, in a network and a mount namespace of the
 * lab's own. When it ends, however that happens, the kernel ends every process of the lab, and with the last one go
 * the mounts, the networks and the operator's link. So nothing has to be cleaned up but files.
 *
 * Usage: node main.ts DIRECTORY, with `go` as the first line on standard input once the operator's link is there.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../machine.ts";
import { toPlace } from "../place.ts";
import { run } from "../run.ts";
import type { LabConfig } from "../settings.ts";
import { serveLab } from "./lab.ts";

const directory = process.argv[2] ?? "";
const config = JSON.parse(await readFile(join(directory, "config.json"), "utf8")) as LabConfig;

let started = false;
process.stdin.once("end", () => {
  // The launcher has ended: before it was done, or with a lab that is bound to it.
  if (!started || config.bound) process.exit(0);
});
process.stdin.setEncoding("utf8");
await once(process.stdin, "data");
// Signals of a terminal are the launcher's to judge.
for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => undefined);
process.on("SIGTERM", () => process.exit(0));

await run("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], { environment });
await serveLab(toPlace(config.id, join(directory, "..")), config);
started = true;
process.stdout.write("ready\n");
