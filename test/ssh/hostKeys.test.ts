import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parsePublicKey, readHostKeyCheck, toFingerprint } from "../../ssh/hostKeys.ts";
import { makeKeyPair } from "../../ssh/keyPair.ts";
import type { SshEndpoint } from "../../ssh/settings.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "rocmark-known-hosts-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

// ssh-keygen -t ed25519; the fingerprint is what ssh-keygen -l says of it.
const line =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINpB3FrCcMMkwUZrwiFyN7LDg/5Zv+AFu3jDgtpo5Cw2 somebody@somewhere";
const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
const stranger = makeKeyPair().publicKey;
const strangerBlob = Buffer.from(stranger.split(" ")[1] ?? "", "base64");

const endpoint = (hostKey: SshEndpoint["hostKey"]): SshEndpoint => ({
  host: "node-a",
  user: "u",
  credentials: {},
  hostKey,
});
const knownHosts = (text: string) => {
  const file = join(directory, "known_hosts");
  writeFileSync(file, text);
  return endpoint({ kind: "known-hosts", file });
};

test("a pinned key is accepted, with its comment ignored", async () => {
  const check = await readHostKeyCheck(endpoint({ kind: "pinned", key: line }));
  expect(check.judge(blob)).toBeUndefined();
});

test("another key than the pinned one is refused, with both fingerprints and what to do", async () => {
  const check = await readHostKeyCheck(endpoint({ kind: "pinned", key: line }));
  const error = check.judge(strangerBlob);
  expect(error?.code).toBe("E_SSH_HOST_KEY");
  expect(error?.message).toContain(`expected ${toFingerprint(blob)}`);
  expect(error?.message).toContain(`found ${toFingerprint(strangerBlob)}`);
  expect(error?.message).toContain("put it in hostKey");
});

test("an unknown host is refused with the line that would pin it", async () => {
  const check = await readHostKeyCheck(knownHosts("node-b ssh-ed25519 AAAA\n"));
  expect(check.judge(strangerBlob)?.message).toContain(`pin it: hostKey: "${stranger}"`);
});

test("a known_hosts file that does not exist knows nobody", async () => {
  const check = await readHostKeyCheck(
    endpoint({ kind: "known-hosts", file: join(directory, "nowhere", "known_hosts") }),
  );
  expect(check.judge(blob)?.code).toBe("E_SSH_HOST_KEY");
});

test("a known_hosts path that cannot be read is an error of its own, not an unknown host", async () => {
  await expect(readHostKeyCheck(endpoint({ kind: "known-hosts", file: directory }))).rejects.toMatchObject({
    code: "E_SSH_SETTINGS",
  });
});

test("a changed host shows every known fingerprint", async () => {
  const check = await readHostKeyCheck(knownHosts(`node-a ${line}\n`));
  expect(check.judge(blob)).toBeUndefined();
  expect(check.judge(strangerBlob)?.message).toContain(`expected ${toFingerprint(blob)}`);
});

test("a revoked key is refused although another line trusts it", async () => {
  const check = await readHostKeyCheck(knownHosts(`node-a ${line}\n@revoked node-a ${line}\n`));
  expect(check.judge(blob)?.message).toContain("@revoked");
});

test("known key types are asked for first", async () => {
  const rsa = Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from("ssh-rsa")]).toString("base64");
  const check = await readHostKeyCheck(knownHosts(`node-a ssh-rsa ${rsa}\n`));
  expect(check.algorithms.slice(0, 3)).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
});

test.each([
  ["nothing", ""],
  ["only a type", "ssh-ed25519"],
  ["a fingerprint", "SHA256:abc"],
  ["a type that the blob is not", `ssh-rsa ${blob.toString("base64")}`],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----"],
])("%s is no host key", (_title, text) => {
  expect(() => parsePublicKey(text)).toThrow(/SSH setting "hostKey": expected a public key in OpenSSH form/);
});
