import { spawn } from "node:child_process";
import { RocmarkError } from "../../errors.ts";
import type { Project } from "../project.ts";
import { watchMemory } from "./peakMemory.ts";

/** What one preview took. */
export interface Preview {
  seconds: number;
  /** Of the engine, the program and the plugin together, in MiB. */
  peakMiB: number;
  resources: number;
}

/** Preview a project's stack, in which nothing exists yet. */
export async function preview(pulumi: string, { directory, env }: Project): Promise<Preview> {
  const started = performance.now();
  const words = [
    "preview",
    "--non-interactive",
    "--suppress-outputs",
    "--suppress-progress",
    "--color",
    "never",
  ];
  const child = spawn(pulumi, words, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-20_000);
    });
  const memory = watchMemory(child.pid ?? 0);
  const exitCode = await ended;
  const seconds = Math.round(performance.now() - started) / 1000;
  const peakMiB = await memory.stop();
  const resources = Number(/\+ (\d+) to create/.exec(said)?.[1] ?? 0);
  if (exitCode !== 0 || resources === 0)
    throw new RocmarkError("E_PREVIEW", `pulumi preview ended with ${exitCode}:\n${said.slice(-4000)}`);
  return { seconds, peakMiB, resources };
}
