import { createHash, randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { posix } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { isUnreachable } from "../ssh/errors.ts";
import { SshPool } from "../ssh/pool.ts";
import { quote } from "../ssh/quote.ts";
import { type SourceFile, sourceFiles } from "./assets.ts";
import { type ConnectionInput, toSettings } from "./connection.ts";
import type { EngineLog } from "./engineLog.ts";
import { commandFailed } from "./failure.ts";
import { type LocalResult, runLocal } from "./localCommand.ts";
import { changedInputs, checkInputs, type Properties, typeOf } from "./resources.ts";
import { conceal, holdsSecret, reveal, secretTexts } from "./secrets.ts";

interface CommandInputs {
  connection: ConnectionInput;
  environment?: Record<string, unknown>;
  stdin?: string;
  logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  addPreviousOutputInEnv?: boolean;
  interpreter?: string[];
  dir?: string;
  remotePath: string;
  source?: unknown;
  localPath?: string;
  stdout?: string;
  stderr?: string;
}

type Phase = "create" | "update" | "delete";

/** Serves @pulumi/command's resources: one pooled connection a node for all that an update does there. */
export class CommandProvider implements pulumi.provider.Provider {
  readonly version = "1.2.1";
  private readonly pool = new SshPool();
  private readonly cancelling = new AbortController();
  private readonly log: EngineLog;

  constructor(log: EngineLog) {
    this.log = log;
  }

  /** The engine gives up: every command that runs, here or on a node, is ended with all it started. */
  readonly cancel = async (): Promise<void> => {
    this.cancelling.abort();
  };

  async check(urn: string, _olds: Properties, news: Properties) {
    return { inputs: news, failures: checkInputs(typeOf(urn), news) };
  }

  async diff(_id: string, urn: string, olds: Properties, news: Properties) {
    const changed = changedInputs(typeOf(urn), olds, news);
    // As the SDK documents: triggers update where an update command is given, and replace where none is.
    const replaces =
      typeOf(urn).endsWith(":Command") && reveal(news.update) == null
        ? changed.filter((key) => key === "triggers")
        : [];
    return { changes: changed.length > 0, replaces };
  }

  async create(urn: string, inputs: Properties) {
    const type = typeOf(urn);
    const id = `${type.split(":").at(-1)?.toLowerCase()}${randomBytes(8).toString("hex")}`;
    return { id, outs: await this.apply("create", urn, inputs, {}) };
  }

  async update(_id: string, urn: string, olds: Properties, news: Properties) {
    return { outs: await this.apply("update", urn, news, olds) };
  }

  async delete(_id: string, urn: string, properties: Properties): Promise<void> {
    const command = reveal(properties.delete) as string | undefined;
    if (!typeOf(urn).endsWith(":Command") || command == null) return;
    try {
      await this.run("delete", urn, command, properties, properties);
    } catch (error) {
      // pulumi-command issue 104: a node that is gone must not block the teardown of the rest, when told so.
      if (!isUnreachable(error) || process.env.PULUMI_COMMAND_DELETE_UNREACHABLE !== "true") throw error;
    }
  }

  /** The state with what the node really holds: a copied file that changed or went away shows as drift. */
  async read(id: string, urn: string, state: Properties) {
    if (typeOf(urn) !== "command:remote:CopyToRemote") return { id, props: state, inputs: undefined };
    const { connection, remotePath, source } = reveal(state) as CommandInputs;
    const connected = await this.pool.connect(toSettings(connection));
    for (const file of sourceFiles(source)) {
      const path = targetOf(remotePath, file);
      const sum = await connected.exec(
        `(sha256sum < ${quote(path)} || shasum -a 256 < ${quote(path)}) 2>/dev/null`,
        { shell: "posix" },
      );
      if ((sum.stdout.split(/\s/)[0] ?? "") !== (await digestOf(file)))
        return { id: "", props: {}, inputs: undefined };
    }
    return { id, props: state, inputs: undefined };
  }

  private async apply(
    phase: "create" | "update",
    urn: string,
    inputs: Properties,
    olds: Properties,
  ): Promise<Properties> {
    if (!typeOf(urn).endsWith(":Command")) return await this.copy(inputs);
    const command = (reveal(phase === "update" ? (inputs.update ?? inputs.create) : inputs.create) ?? null) as
      | string
      | null;
    const result =
      command === null ? { stdout: "", stderr: "" } : await this.run(phase, urn, command, inputs, olds);
    const secret = [inputs.create, inputs.update, inputs.stdin, inputs.environment].some(holdsSecret);
    const mark = (text: string) => (secret ? conceal(text.replace(/\n$/, "")) : text.replace(/\n$/, ""));
    return { ...inputs, stdout: mark(result.stdout), stderr: mark(result.stderr) };
  }

  private async run(
    phase: Phase,
    urn: string,
    command: string,
    inputs: Properties,
    olds: Properties,
  ): Promise<LocalResult> {
    const {
      connection,
      environment = {},
      stdin,
      logging = "stdoutAndStderr",
      interpreter,
      dir,
      addPreviousOutputInEnv,
    } = reveal(inputs) as CommandInputs;
    const previous = reveal(olds) as CommandInputs;
    const variables: Record<string, string> = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, String(value)]),
    );
    if (addPreviousOutputInEnv !== false && previous.stdout !== undefined) {
      variables.PULUMI_COMMAND_STDOUT = previous.stdout;
      variables.PULUMI_COMMAND_STDERR = previous.stderr ?? "";
    }
    const [out, err] = [this.log.lines(urn), this.log.lines(urn)];
    const quiet = () => undefined;
    const onStdout = logging === "stdout" || logging === "stdoutAndStderr" ? out.push : quiet;
    const onStderr = logging === "stderr" || logging === "stdoutAndStderr" ? err.push : quiet;
    const { signal } = this.cancelling;
    const remote = typeOf(urn).startsWith("command:remote:");
    const result = remote
      ? await (await this.pool.connect(toSettings(connection), { signal })).exec(command, {
          environment: variables,
          signal,
          onStdout,
          onStderr,
          ...(stdin !== undefined && { stdin }),
        })
      : await runLocal(command, {
          interpreter: interpreter ?? ["/bin/sh", "-c"],
          dir,
          environment: variables,
          stdin,
          signal,
          onStdout,
          onStderr,
        });
    out.end();
    err.end();
    if (result.exitCode === 0) return result;
    const where = remote ? `${phase} on ${connection.host}` : `${phase} on this machine`;
    throw commandFailed(where, result, result.stderr, secretTexts(inputs));
  }

  private async copy(inputs: Properties): Promise<Properties> {
    const { connection, remotePath, source, localPath } = reveal(inputs) as CommandInputs;
    const files: SourceFile[] =
      localPath === undefined
        ? sourceFiles(source)
        : [{ path: "", content: { file: localPath }, mode: statSync(localPath).mode & 0o777 }];
    const { signal } = this.cancelling;
    const connected = await this.pool.connect(toSettings(connection), { signal });
    for (const file of files)
      await connected.upload(file.content, targetOf(remotePath, file), { mode: file.mode, signal });
    return inputs;
  }
}

const targetOf = (remotePath: string, file: SourceFile): string =>
  file.path === "" ? remotePath : posix.join(remotePath, file.path);

async function digestOf({ content }: SourceFile): Promise<string> {
  const hash = createHash("sha256");
  if (Buffer.isBuffer(content)) return hash.update(content).digest("hex");
  for await (const chunk of createReadStream(content.file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
