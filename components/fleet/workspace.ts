/**
 * What the nodes of a local fleet share on this machine: a key pair and the directory of environments.
 *
 * `node workspace.ts ensure DIR` makes what is missing and prints its paths as one JSON line; `remove DIR` removes it.
 */
import { chmod, mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeKeyPair } from "../../ssh/keyPair.ts";

const marker = "rocmark-workspace";

async function ensure(directory: string) {
  const keys = join(directory, "keys");
  const [privateKeyFile, publicKeyFile] = [join(keys, "id_ed25519"), join(keys, "id_ed25519.pub")];
  const environments = join(directory, "environments");
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await chmod(keys, 0o700);
  await mkdir(environments, { recursive: true });
  await writeFile(join(directory, marker), "");
  const whole = await Promise.all([readFile(privateKeyFile), readFile(publicKeyFile)]).then(
    () => true,
    () => false,
  );
  if (!whole) {
    const pair = makeKeyPair("rocmark");
    await writeFile(`${privateKeyFile}.partial`, pair.privateKey, { mode: 0o600 });
    await writeFile(`${publicKeyFile}.partial`, `${pair.publicKey.trim()}\n`);
    // The public key last: it is what nodes read, so both are whole when it appears.
    await rename(`${privateKeyFile}.partial`, privateKeyFile);
    await rename(`${publicKeyFile}.partial`, publicKeyFile);
  }
  return { privateKeyFile, publicKeyFile, environments };
}

async function remove(directory: string) {
  const ours = await readFile(join(directory, marker)).then(
    () => true,
    () => false,
  );
  if (!ours) return;
  // Renamed first: an environment of some GB takes a while to remove, and half of one must not look whole.
  const gone = join(directory, `environments.removing-${process.pid}`);
  await rename(join(directory, "environments"), gone).catch(() => undefined);
  await rm(gone, { recursive: true, force: true });
  await rm(join(directory, "keys"), { recursive: true, force: true });
  await rm(join(directory, marker), { force: true });
  for (const empty of [join(directory, "nodes"), directory]) await rmdir(empty).catch(() => undefined);
}

const [, , verb, directory] = process.argv;
if (directory === undefined || (verb !== "ensure" && verb !== "remove")) {
  process.stderr.write("usage: node workspace.ts ensure|remove DIRECTORY\n");
  process.exitCode = 2;
} else {
  try {
    const answer = verb === "ensure" ? await ensure(directory) : await remove(directory);
    if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
  } catch (error) {
    process.stderr.write(
      `The fleet's directory ${directory} could not be ${verb === "ensure" ? "made" : "removed"}: ${(error as Error).message}\n`,
    );
    process.exitCode = 1;
  }
}
