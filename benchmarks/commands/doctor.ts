import { spawn } from "node:child_process";
import { join } from "node:path";
import { defineCommand } from "citty";
import { project, recordsArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "doctor",
    description: "Say whether this machine is ready, what is missing and how to get it",
  },
  args: { json: recordsArgs.json },
  async run({ args }) {
    const words = [join(project, "engine", "doctor.ts"), ...(args.json ? ["--json"] : [])];
    process.exitCode = await new Promise<number>((resolve, reject) => {
      spawn(process.execPath, words, { stdio: "inherit" })
        .on("error", reject)
        .on("close", (code) => resolve(code ?? 1));
    });
  },
});
