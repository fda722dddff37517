import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseKnownHost } from "../../ssh/knownHosts.ts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIBpv";
const other = "AAAAB3NzaC1yc2EAAAADAQABAAAB";
const blob = (text: string) => Buffer.from(text, "base64").toString("base64");

/** As `ssh-keygen -H` writes it. */
function hash(name: string): string {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

const lookups: [title: string, line: string, host: string, port: number, found: boolean][] = [
  ["a plain name", `node-a ssh-ed25519 ${key} comment`, "node-a", 22, true],
  ["another name", `node-a ssh-ed25519 ${key}`, "node-b", 22, false],
  ["one of several names", `node-a,10.0.0.7 ssh-ed25519 ${key}`, "10.0.0.7", 22, true],
  ["names in any case", `Node-A ssh-ed25519 ${key}`, "NODE-a", 22, true],
  ["a name on another port", `node-a ssh-ed25519 ${key}`, "node-a", 2222, false],
  ["[host]:port", `[node-a]:2222 ssh-ed25519 ${key}`, "node-a", 2222, true],
  ["[host]:port on port 22", `[node-a]:2222 ssh-ed25519 ${key}`, "node-a", 22, false],
  ["IPv6", `[::1]:2222 ssh-ed25519 ${key}`, "::1", 2222, true],
  ["a hashed name", `${hash("node-a")} ssh-ed25519 ${key}`, "node-a", 22, true],
  ["a hashed name with port", `${hash("[node-a]:2222")} ssh-ed25519 ${key}`, "node-a", 2222, true],
  ["another hashed name", `${hash("node-b")} ssh-ed25519 ${key}`, "node-a", 22, false],
  ["a pattern", `*.example.org ssh-ed25519 ${key}`, "a.b.example.org", 22, true],
  ["a pattern that ends early", `node-? ssh-ed25519 ${key}`, "node-10", 22, false],
  ["a negated name", `node-*,!node-b ssh-ed25519 ${key}`, "node-b", 22, false],
  ["a negated name first", `!node-b,node-* ssh-ed25519 ${key}`, "node-b", 22, false],
  ["beside a negated name", `node-*,!node-b ssh-ed25519 ${key}`, "node-a", 22, true],
  ["a comment", `# node-a ssh-ed25519 ${key}`, "node-a", 22, false],
  ["half a line", "node-a ssh-ed25519", "node-a", 22, false],
  ["a certificate authority", `@cert-authority node-a ssh-ed25519 ${key}`, "node-a", 22, false],
  ["a broken hash", `|1|nonsense ssh-ed25519 ${key}`, "node-a", 22, false],
];

test.each(lookups)("%s", (_title, line, host, port, found) => {
  const { trusted } = parseKnownHost(`\n${line}\n`, host, port);
  expect(trusted).toEqual(found ? [{ type: "ssh-ed25519", key: blob(key) }] : []);
});

test("collects several key types of one host, and what is revoked", () => {
  const text = `node-a ssh-ed25519 ${key}\nnode-a ssh-rsa ${other}\n@revoked * ssh-ed25519 ${key}\n`;
  expect(parseKnownHost(text, "node-a", 22)).toEqual({
    trusted: [
      { type: "ssh-ed25519", key: blob(key) },
      { type: "ssh-rsa", key: blob(other) },
    ],
    revoked: [blob(key)],
  });
});

test("never throws, whatever the file holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      parseKnownHost(text, "node-a", 22);
    }),
    { seed: 1 },
  );
});

test("a hostile pattern of stars is matched without trying every split", () => {
  const line = `${"*a".repeat(40)}b ssh-ed25519 ${key}`;
  expect(parseKnownHost(line, "a".repeat(20_000), 22).trusted).toEqual([]);
});
