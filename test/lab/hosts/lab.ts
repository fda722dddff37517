import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeKeyPair } from "../../../ssh/keyPair.ts";
import { ensureBase } from "./base/base.ts";
import { readChildren, readProcess } from "./liveness.ts";
import { environment, whyNot } from "./machine.ts";
import { isFree, openOperatorLink } from "./operatorLink.ts";
import { labsDirectory, type Place, toId, toPlace } from "./place.ts";
import { ensureInstaller } from "./repository/installer.ts";
import { Lab } from "./running.ts";
import { defaultKernels, type LabConfig, type LabOptions } from "./settings.ts";
import { endLab, sweep } from "./sweep.ts";

/** Makes a lab and waits until its nodes answer. What ended labs have left on this machine is removed first. */
export async function startLab(
  options: LabOptions = {},
  say: (line: string) => void = console.error,
): Promise<Lab> {
  const reason = whyNot();
  if (reason !== undefined) throw new Error(reason);
  const { nodes = 1, ubuntu = "24.04", user = "root", diskMiB = 1024, bound = true } = options;
  await sweep();
  const base = await ensureBase(ubuntu, say);
  const installer = await ensureInstaller(say);
  const place = await claimPlace(bound);
  const key = makeKeyPair("rocmark-lab");
  const config: LabConfig = {
    id: place.id,
    nodes,
    ubuntu,
    user,
    diskMiB,
    bound,
    base,
    installer,
    kernel: options.kernel ?? defaultKernels[ubuntu],
    authorizedKey: key.publicKey,
  };
  try {
    await writeFile(join(place.directory, "key"), key.privateKey, { mode: 0o600 });
    await writeFile(join(place.directory, "config.json"), JSON.stringify(config));
    const supervisor = await startSupervisor(place, bound);
    return await Lab.connect(place, supervisor);
  } catch (error) {
    await endLab(place);
    throw error;
  }
}

/** A network that nobody uses, and the directory that claims it, with us as its owner until the supervisor runs. */
async function claimPlace(bound: boolean): Promise<Place> {
  const labs = labsDirectory();
  for (let tries = 0; tries < 100; tries += 1) {
    const place = toPlace(toId(Math.random()), labs);
    const draft = join(labs, `draft-${process.pid}-${place.id}`);
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await writeFile(join(draft, "owner.json"), JSON.stringify({ launcher: readProcess(process.pid), bound }));
    if (!(await isFree(place))) continue;
    try {
      // Onto a directory with anything in it, rename fails: two launchers never get the same place.
      await rename(draft, place.directory);
      return place;
    } catch {}
  }
  throw new Error("Found no free network in 10.128.0.0/10 for a lab.");
}

async function startSupervisor(place: Place, bound: boolean): Promise<ChildProcess> {
  const namespaces = [
    "--fork",
    "--kill-child",
    "--pid",
    "--mount",
    "--net",
    "--uts",
    "--ipc",
    "--mount-proc",
  ];
  const program = [process.execPath, join(import.meta.dirname, "supervisor/main.ts"), place.directory];
  const log = openSync(join(place.directory, "log"), "a");
  const child = spawn("unshare", [...namespaces, ...program], {
    env: environment,
    stdio: ["pipe", "pipe", log],
    detached: true,
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("unshare was started without pipes.");
  const ended = once(child, "exit").then(() => {
    const said = readFileSync(join(place.directory, "log"), "utf8").trim().slice(-2000);
    throw new Error(`The lab's supervisor ended: ${said}`);
  });
  ended.catch(() => undefined);
  const first = await Promise.race([firstChild(child), ended]);
  const outer = readProcess(child.pid ?? 0);
  const inner = readProcess(first);
  await writeFile(join(place.directory, "supervisor.json"), JSON.stringify({ outer, inner }));
  await openOperatorLink(place, first);
  stdin.write("go\n");
  await Promise.race([once(stdout, "data"), ended]);
  stdout.destroy();
  // Open as long as we are: its end tells a bound lab that we have ended. It keeps nobody from ending.
  if (bound && stdin instanceof Socket) stdin.unref();
  else stdin.end();
  child.unref();
  return child;
}

/** The first process of the namespaces that `unshare` has made. */
async function firstChild(child: ChildProcess): Promise<number> {
  for (;;) {
    const [first] = readChildren(child.pid ?? 0);
    if (first !== undefined) return first;
    await sleep(5);
  }
}
