import { randomUUID } from "node:crypto";
import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nodeAddress, type Place } from "../place.ts";
import { repositoryNames } from "../repository/repository.ts";
import type { LabConfig } from "../settings.ts";
import { nodeName } from "./network.ts";

/** Host keys lie here in a node's file tree. */
const hostKeyFile = "etc/ssh/ssh_host_ed25519_key";

/** Writes what makes one host of a shared file tree: names, keys, who may log in. */
export async function writeIdentity(
  root: string,
  place: Place,
  index: number,
  { nodes, user, authorizedKey }: LabConfig,
): Promise<void> {
  const name = nodeName(index);
  const put = async (path: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode });
  };
  await put("etc/hostname", `${name}\n`);
  await put("etc/machine-id", `${randomUUID().replaceAll("-", "")}\n`);
  const peers = Array.from({ length: nodes }, (_, peer) => `${nodeAddress(place, peer)} ${nodeName(peer)}`);
  const repository = `${place.gateway} ${["repository", ...repositoryNames].join(" ")}`;
  await put("etc/hosts", ["127.0.0.1 localhost", ...peers, repository, ""].join("\n"));
  await put("etc/resolv.conf", "");
  const sshd = ["PasswordAuthentication no", "KbdInteractiveAuthentication no", `HostKey /${hostKeyFile}`];
  const rootLogin = user === "root" ? "prohibit-password" : "no";
  await put("etc/ssh/sshd_config.d/lab.conf", [...sshd, `PermitRootLogin ${rootLogin}`, ""].join("\n"));
  const home = user === "root" ? "root" : `home/${user}`;
  const owner = await readOwner(root, user);
  await put(`${home}/.ssh/authorized_keys`, `${authorizedKey}\n`, 0o600);
  await chmod(join(root, home, ".ssh"), 0o700);
  for (const path of [".ssh", ".ssh/authorized_keys"])
    await chown(join(root, home, path), owner.uid, owner.gid);
}

export async function writeHostKey(
  root: string,
  key: { publicKey: string; privateKey: string },
): Promise<void> {
  await writeFile(join(root, hostKeyFile), key.privateKey, { mode: 0o600 });
  await writeFile(join(root, `${hostKeyFile}.pub`), `${key.publicKey}\n`);
}

async function readOwner(root: string, user: string): Promise<{ uid: number; gid: number }> {
  const passwd = await readFile(join(root, "etc/passwd"), "utf8");
  const fields =
    passwd
      .split("\n")
      .find((line) => line.startsWith(`${user}:`))
      ?.split(":") ?? [];
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}
