import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { makeProject, type Project } from "../../project.ts";
import { runProgram } from "../../runProgram.ts";
import type { Fleet } from "../hosts.ts";
import type { Side } from "./side.ts";

const program = resolve(import.meta.dirname, "../program.ts");

const update = [
  "up",
  "--yes",
  "--skip-preview",
  "--non-interactive",
  "--suppress-outputs",
  "--suppress-progress",
];

/** `pulumi up` with this project's plugin, on a stack of its own whose state is in a folder, as stack "local" keeps it. */
export function rocmarkSide(fleet: Fleet, pulumi: string, directory: string): Side {
  const fleetFile = `${directory}.json`;
  let project: Project | undefined;
  return {
    name: "rocmark",
    version: async () => `Pulumi ${(await runProgram(pulumi, ["version"])).trim()}, this checkout's plugin`,
    async prepare() {
      await writeFile(fleetFile, JSON.stringify(fleet));
      project = await makeProject({
        pulumi,
        directory,
        name: "bench",
        modules: [program],
        env: { ROCMARK_BENCH_FLEET: fleetFile },
      });
    },
    run: async () => void (await project?.run(...update)),
    close: async () => {}, // its connections end with it
  };
}
