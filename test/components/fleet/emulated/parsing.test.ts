import fc from "fast-check";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import {
  findKey,
  parseAuthorizedKeys,
  renderAuthorizedKeys,
} from "../../../../components/fleet/emulated/authorizedKeys.ts";
import {
  clientMaySet,
  passedEnvironment,
  usableShell,
} from "../../../../components/fleet/emulated/environment.ts";
import { type Marker, parseMarker } from "../../../../components/fleet/emulated/marker.ts";
import { parseLsof, parseSs } from "../../../../components/fleet/emulated/portHolder.ts";
import {
  parseMarked,
  parseProcesses,
  parseWorkingDirectories,
} from "../../../../components/fleet/emulated/processTable.ts";
import { findServers } from "../../../../components/fleet/emulated/serverProcesses.ts";
import {
  MalformedPacket,
  PacketReader,
  PacketSplitter,
  packet,
  string,
} from "../../../../components/fleet/emulated/sftp/wire.ts";
import { findRemains } from "../../../../components/fleet/emulated/sweep.ts";
import { makeKeyPair } from "../../../../ssh/keyPair.ts";

const id = "0123456789abcdef";

describe("what the system prints", () => {
  test("ps: processes with group and start, those that ended unreaped left out, on Linux and macOS alike", () => {
    const text =
      "    1     1 Ss   Tue Nov 24 00:00:01 2026\n  812   800 R+   Tue Nov  3 23:59:59 2026    \n  900   900 Z    Tue Nov 24 00:00:01 2026\nnoise\n";
    expect(parseProcesses(text)).toEqual([
      { pid: 1, group: 1, startedAt: Date.UTC(2026, 10, 24, 0, 0, 1) },
      { pid: 812, group: 800, startedAt: Date.UTC(2026, 10, 3, 23, 59, 59) },
    ]);
  });

  test("ps -E of macOS: the environment follows the command", () => {
    const text = [
      `  501 sleep 100 TERM=xterm ROCMARK_NODE=${id} HOME=/x`,
      `  502 sleep 100 ROCMARK_NODE=${id}`,
      `  503 sleep 100 ROCMARK_NODE=${id}0`,
      `  504 grep XROCMARK_NODE=${id}`,
    ].join("\n");
    expect(parseMarked(text, id)).toEqual([501, 502]);
  });

  test("lsof and ss name who listens", () => {
    expect(parseLsof("p4242\ncpostgres\nf7\n")).toBe("postgres (process 4242)");
    expect(
      parseSs('LISTEN 0 511 127.0.0.1:80 0.0.0.0:* users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))'),
    ).toBe("nginx (process 7)");
    expect([parseLsof(""), parseSs("LISTEN 0 511 127.0.0.1:80 0.0.0.0:*")]).toEqual([undefined, undefined]);
  });

  test("lsof names where processes work", () => {
    expect(parseWorkingDirectories("p12\nfcwd\nn/tmp/a b\np13\nfcwd\nn/\n")).toEqual(
      new Map([
        [12, "/tmp/a b"],
        [13, "/"],
      ]),
    );
  });

  test("a server is known by its whole directory, and only while it runs", () => {
    const serve = (pid: number, state: string, directory: string) =>
      ` ${pid} ${state}  /opt/node /x y/emulated/main.ts serve --directory=${directory} --port=0`;
    const text = [
      serve(5, "Ssl", "/n/a"),
      serve(6, "Z", "/n/a"),
      serve(7, "S", "/n/ab"),
      " 8 S grep main.ts serve --directory=/n/a ",
    ].join("\n");
    expect(findServers(text, "/n/a")).toEqual([5]);
  });
});

describe("what is left of a node", () => {
  const at = (pid: number, group: number, startedAt = 1_000_000) => ({ pid, group, startedAt });
  const evidence = { marked: [], recorded: [], inside: new Set<number>(), own: 9 };

  test.each([
    ["a group whose leader has the recorded start", [at(5, 5)], [5]],
    ["not one whose number was given to somebody who started later", [at(5, 5, 1_020_000)], []],
    ["not a process of that number in another group", [at(5, 4)], []],
    ["not one without leader whose members work elsewhere", [at(6, 5)], []],
  ])("%s", (_title, table, groups) => {
    const recorded = [{ group: 5, startedAt: 1_001_000 }];
    expect(findRemains({ ...evidence, table, recorded })).toEqual({ groups, pids: [] });
  });

  test("a group without leader, by a member that works in the node's directory", () => {
    const recorded = [{ group: 5, startedAt: 1_001_000 }];
    expect(findRemains({ ...evidence, table: [at(6, 5)], recorded, inside: new Set([6]) }).groups).toEqual([
      5,
    ]);
  });

  test("a marked process with its whole group, recorded or not", () => {
    expect(findRemains({ ...evidence, table: [at(6, 5), at(7, 5)], marked: [6] })).toEqual({
      groups: [5],
      pids: [6],
    });
  });

  test("never the process that asks, nor the shell it runs in", () => {
    const table = [at(8, 8), at(9, 8), at(5, 5)];
    expect(findRemains({ ...evidence, table, marked: [5, 8, 9] })).toEqual({ groups: [5], pids: [5] });
  });
});

describe("node.json", () => {
  const marker: Marker = {
    kind: "rocmark-emulated-node",
    schema: 1,
    id,
    name: "node-0",
    directory: "/n/node-0",
    generation: 3,
    port: 20_001,
    hostKey: "ssh-ed25519 AAAA",
    pid: 4_242,
    expiresAt: 1_795_000_000_000,
  };

  test("is read back as it was written", () => {
    expect(parseMarker(JSON.stringify(marker))).toEqual(marker);
  });

  test.each([
    ["kind", "other"],
    ["schema", 2],
    ["id", "../../etc"],
    ["name", 7],
    ["directory", null],
    ["generation", -1],
    ["generation", 1.5],
    ["port", 0],
    ["port", 65_536],
    ["hostKey", 1],
    ["pid", -1],
    ["pid", 1],
    ["pid", "5"],
    ["expiresAt", "never"],
  ])("is not one with %s %j: process 1, or all (-1), must never be signalled", (key, value) => {
    expect(parseMarker(JSON.stringify({ ...marker, [key]: value }))).toBeUndefined();
  });

  test("cut short anywhere is not one", () => {
    const text = JSON.stringify(marker);
    fc.assert(
      fc.property(fc.nat(text.length - 1), (end) => parseMarker(text.slice(0, end)) === undefined),
      { seed: 3 },
    );
  });

  test("of any other content is not one, and never an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseMarker(text) === undefined),
      { seed: 3 },
    );
  });
});

describe("keys", () => {
  const [one, other] = [
    makeKeyPair().publicKey.trim(),
    ssh2.utils.generateKeyPairSync("ecdsa", { bits: 384 }).public,
  ];

  test("are read with comments and Windows line ends, and written without", () => {
    const keys = parseAuthorizedKeys(`# mine\r\n\r\n ${one} me@host\r\n${other}\n`, "f");
    expect(renderAuthorizedKeys(keys)).toBe(`${one}\n${other}\n`);
  });

  test("are found by all of their bytes", () => {
    const keys = parseAuthorizedKeys(`${one}\n${other}\n`, "f");
    const blob = keys[1]?.blob ?? Buffer.alloc(0);
    expect(findKey(keys, blob)).toBe(keys[1]);
    const changed = Buffer.from(blob);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect([
      findKey(keys, changed),
      findKey(keys, blob.subarray(0, -1)),
      findKey(keys, Buffer.alloc(0)),
    ]).toEqual([undefined, undefined, undefined]);
  });

  test("with an option, a damaged blob or a type that is not the blob's are refused with their line", () => {
    const [type, base64 = ""] = one.split(" ");
    for (const line of [
      `command="x" ${one}`,
      `${type} ${base64.slice(4)}`,
      `ecdsa-sha2-nistp256 ${base64}`,
      `${type}`,
      "-----BEGIN OPENSSH PRIVATE KEY-----",
    ])
      expect(() => parseAuthorizedKeys(`# c\n${line}\n`, "f")).toThrow(
        "--authorized-key-file f: line 2 is not a public key",
      );
  });
});

describe("environment", () => {
  test("passes what installers need, and nothing that is not named", () => {
    const given = {
      PATH: "/bin",
      PIP_INDEX_URL: "u",
      UV_INDEX: "u",
      LC_ALL: "C",
      https_proxy: "p",
      SECRET: "s",
      PIPELINE: "x",
      NODE_PATH: "y",
      EMPTY: undefined,
    };
    expect(passedEnvironment(given)).toEqual({
      PATH: "/bin",
      PIP_INDEX_URL: "u",
      UV_INDEX: "u",
      LC_ALL: "C",
      https_proxy: "p",
    });
  });

  test.each([
    ["LANG", true],
    ["LC_CTYPE", true],
    ["PULUMI_COMMAND_STDOUT", true],
    ["ROCMARK_RUN", true],
    ["ROCMARK_NODE", false],
    ["PATH", false],
    ["LD_PRELOAD", false],
    ["LC_ALL=x", false],
    ["", false],
  ])("a client that sets %j: %s", (name, allowed) => expect(clientMaySet(name)).toBe(allowed));

  test.each([
    ["/bin/zsh", "/bin/zsh"],
    ["/usr/sbin/nologin", "/bin/sh"],
    ["/bin/false", "/bin/sh"],
    ["", "/bin/sh"],
    [null, "/bin/sh"],
  ])("the shell of somebody with %j is %s", (shell, usable) => expect(usableShell(shell)).toBe(usable));
});

describe("SFTP packets", () => {
  const packets = fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 300 })), {
    maxLength: 8,
  });

  test("come out as they went in, however the stream is cut", () => {
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(([type, fields]) => packet(type, Buffer.from(fields))));
        const splitter = new PacketSplitter();
        const received: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length] ?? 1;
          received.push(...splitter.push(stream.subarray(at, at + length)));
          at += length;
        }
        expect(received).toEqual(sent.map(([type, fields]) => Buffer.from([type, ...fields])));
      }),
      { seed: 3 },
    );
  });

  test("of no length, or longer than OpenSSH takes, are refused before they are waited for", () => {
    for (const bytes of [
      [0, 0, 0, 0],
      [0, 4, 0, 1],
      [255, 255, 255, 255],
    ])
      expect(() => new PacketSplitter().push(Buffer.from(bytes))).toThrow(MalformedPacket);
  });

  test("of any bytes are read to their end or refused, never beyond", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const reader = new PacketReader(Buffer.from(bytes));
        try {
          while (!reader.atEnd) reader.text();
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedPacket);
        }
      }),
      { seed: 3 },
    );
  });

  test("with a NUL byte in a name are refused: the system would end the name there", () => {
    expect(() => new PacketReader(string("a\0b")).text()).toThrow(MalformedPacket);
  });
});
