import { randomBytes } from "node:crypto";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runProgram } from "./runProgram.ts";

export const repository = resolve(import.meta.dirname, "../..");

export interface ProjectArgs {
  /** Pulumi's CLI. */
  pulumi: string;
  /** Made anew; whatever was there is removed. */
  directory: string;
  /** The project's name, which begins the keys of its config. */
  name: string;
  /** Modules that make the program, in order. Rooms do not import each other; what is measured imports itself. */
  modules: readonly string[];
  /** The stack's file, where it has one. */
  stackFile?: string;
  /** Further variables of the program. */
  env?: NodeJS.ProcessEnv;
}

/** A Pulumi project with this checkout's plugin, a home and a state of its own, and one new stack, `bench`. */
export interface Project {
  directory: string;
  env: NodeJS.ProcessEnv;
  /** Run the CLI to its end; what it printed. */
  run(...args: string[]): Promise<string>;
}

export async function makeProject({ pulumi, directory, ...args }: ProjectArgs): Promise<Project> {
  const at = (name: string) => join(directory, name);
  await rm(directory, { recursive: true, force: true });
  for (const name of ["home", "state"]) await mkdir(at(name), { recursive: true });
  await symlink(join(repository, "node_modules"), at("node_modules"));
  await writeFile(at("package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
  // First what the stack program begins with.
  const modules = [join(repository, "stacks", "leanSdk.ts"), ...args.modules];
  await writeFile(at("index.ts"), modules.map((file) => `import ${JSON.stringify(file)};\n`).join(""));
  await writeFile(at("Pulumi.yaml"), renderProject(args.name, join(repository, "provider")));
  if (args.stackFile !== undefined) await writeFile(at("Pulumi.bench.yaml"), args.stackFile);
  const env = {
    ...process.env,
    ...args.env,
    PULUMI_HOME: at("home"),
    PULUMI_BACKEND_URL: pathToFileURL(at("state")).href,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString("hex"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const run = (...words: string[]) => runProgram(pulumi, words, { cwd: directory, env });
  await run("stack", "init", "bench", "--non-interactive");
  return { directory, env, run };
}

const renderProject = (name: string, plugin: string): string => `name: ${name}
runtime:
  name: nodejs
  options:
    typescript: false
plugins:
  providers:
    - name: command
      path: ${JSON.stringify(plugin)}
`;
