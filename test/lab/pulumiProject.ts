import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine } from "../../engine/engine.ts";
import { pulumiEnvironment } from "../../engine/environment.ts";
import { lookingWays, tryWays } from "../../engine/locate.ts";
import { capture } from "../../engine/processes.ts";

const repository = resolve(import.meta.dirname, "../..");

/** The engine on this machine, undefined when there is none; nothing is downloaded or built for a test. */
export const findEngine = async (): Promise<Engine | undefined> =>
  (await tryWays(lookingWays, { env: process.env, progress: process.stderr })).engine ?? undefined;

/** A Pulumi project of its own, with the project's plugin, its own home, backend and stack. */
export interface PulumiProject {
  directory: string;
  /** Run the CLI to its end; what it wrote, both streams together. */
  run(...args: string[]): Promise<{ exitCode: number | null; said: string }>;
  /** Like run; throws when it fails. */
  must(...args: string[]): Promise<string>;
  /** The stack's outputs and resources, secrets in the clear. */
  exportStack(): Promise<{ resources: ExportedResource[] }>;
  dispose(): void;
}

export interface ExportedResource {
  urn: string;
  type: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

export async function makeProject(engine: Engine, program: string): Promise<PulumiProject> {
  const directory = mkdtempSync(join(tmpdir(), "rocmark-project-"));
  const at = (name: string) => join(directory, name);
  for (const name of ["home", "state"]) mkdirSync(at(name));
  symlinkSync(join(repository, "node_modules"), at("node_modules"));
  writeFileSync(at("package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
  writeFileSync(at("index.ts"), program);
  writeFileSync(
    at("Pulumi.yaml"),
    `name: lab
runtime:
  name: nodejs
  options:
    typescript: false
plugins:
  providers:
    - name: command
      path: ${join(repository, "provider")}
`,
  );
  const env = pulumiEnvironment(engine, repository, process.env, {
    PULUMI_HOME: at("home"),
    PULUMI_BACKEND_URL: pathToFileURL(at("state")).href,
    PULUMI_CONFIG_PASSPHRASE: "lab",
    SSH_AUTH_SOCK: "",
  });
  const run: PulumiProject["run"] = async (...args) => {
    const { exitCode, stdout, stderr } = await capture(
      engine.cli,
      [...args, "--non-interactive", "--color", "never"],
      {
        cwd: directory,
        env,
      },
    );
    return { exitCode, said: `${stdout}\n${stderr}` };
  };
  const must: PulumiProject["must"] = async (...args) => {
    const { exitCode, said } = await run(...args);
    if (exitCode !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${exitCode}:\n${said}`);
    return said;
  };
  await must("stack", "init", "lab");
  return {
    directory,
    run,
    must,
    exportStack: async () => JSON.parse(await must("stack", "export", "--show-secrets")).deployment,
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}
