import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { copySource } from "./copyToRemote.ts";
import { badSource } from "./errors.ts";
import type { Operation, ResourceType } from "./operation.ts";
import { connect } from "./remoteCommand.ts";
import { type Properties, reveal } from "./wire.ts";

/** `command:remote:CopyFile`, which the SDK still has and calls deprecated. */
export const copyFile: ResourceType = {
  unknownUntilDone: [],
  toId: () => randomBytes(4).toString("hex"),
  create: copy,
  update: (inputs, _state, operation) => copy(inputs, operation),
  delete: async () => {},
};

async function copy(inputs: Properties, operation: Operation): Promise<Properties> {
  const { localPath, remotePath } = reveal(inputs) as { localPath: string; remotePath: string };
  const found = await stat(localPath).catch((cause) => {
    throw badSource(`localPath ${localPath} cannot be read (${cause.code})`, cause);
  });
  const source = {
    kind: "file",
    name: basename(localPath),
    content: { file: localPath },
    mode: found.mode & 0o777,
  } as const;
  await copySource(await connect(inputs, operation), source, remotePath, operation);
  return inputs;
}
