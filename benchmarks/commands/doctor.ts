import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "citty";
import { project, recordsArgs, recordsDirectory } from "./place.ts";

export default defineCommand({
  meta: {
    name: "doctor",
    description: "Say whether this machine is ready, what is missing and how to get it",
  },
  args: { records: recordsArgs.records, json: recordsArgs.json },
  async run({ args }) {
    const { checkRecords } = await import("../store/checkRecords.ts");
    const records = await checkRecords(recordsDirectory(args.records));
    const engine = join(project, "engine", "doctor.ts");
    const { stdout, code } = existsSync(engine)
      ? await runEngine(engine, args.json)
      : { stdout: args.json ? "[]" : "", code: 0 };
    if (args.json) {
      const checks = JSON.parse(stdout || "[]") as unknown[];
      process.stdout.write(`${JSON.stringify([...checks, records], null, 2)}\n`);
    } else {
      process.stdout.write(`${stdout.trimEnd()}\n\nrecords: ${records.found}\n`);
      if (records.state !== "ok") process.stdout.write(`  ${records.remedy}\n`);
    }
    process.exitCode = code;
  },
});

function runEngine(file: string, json: boolean): Promise<{ stdout: string; code: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...(json ? ["--json"] : [])], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.on("error", reject).on("close", (code) => resolve({ stdout, code: code ?? 1 }));
  });
}
