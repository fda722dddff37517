import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toDelayMilliseconds } from "../../ssh/handshakes.ts";
import { OutputBuffer } from "../../ssh/outputBuffer.ts";
import { quote } from "../../ssh/quote.ts";
import { renderRemoteCommand } from "../../ssh/remoteCommand.ts";
import { Slots } from "../../ssh/slots.ts";

/** Any text without NUL that survives UTF-8. */
const text = fc.string({ unit: "grapheme", maxLength: 60 }).filter((t) => !t.includes("\0"));

test("a quoted text is one word with the same content, in a real shell", () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (words) => {
      const script = `for w in ${words.map(quote).join(" ")}; do printf '%s\\036' "$w"; done`;
      const said = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }).split("\x1e").slice(0, -1);
      expect(said).toEqual(words);
    }),
    { seed: 7, numRuns: 60 },
  );
});

test("a NUL byte cannot be quoted", () => {
  expect(() => quote("a\0b")).toThrow("NUL");
});

test("the remote program runs its script with the rest of stdin, exact environment and exit code", () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 90 }), (value, input, code) => {
      const command = `printf '%s' "$V"; printf '\\036'; cat; exit ${code}`;
      const { request, preamble } = renderRemoteCommand({
        command,
        environment: { V: value },
        shell: "login",
        nonce: "n0",
      });
      const run = runSh(request, preamble + input);
      expect(run).toEqual({ code, stdout: `${value}\x1e${input}` });
    }),
    { seed: 7, numRuns: 60 },
  );
});

test("a script that was cut anywhere runs nothing", () => {
  const { request, preamble } = renderRemoteCommand({
    command: "echo ran\necho again",
    environment: { A: "1" },
    shell: "posix",
    nonce: "n0",
  });
  for (const length of [0, 5, preamble.indexOf("again"), preamble.length - 3])
    expect(runSh(request, preamble.slice(0, length))).toEqual({ code: 97, stdout: "" });
});

function runSh(request: string, input: string): { code: number; stdout: string } {
  try {
    const stdout = execFileSync("/bin/sh", ["-c", request], { input, stdio: ["pipe", "pipe", "ignore"] });
    return { code: 0, stdout: stdout.toString() };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: Buffer };
    return { code: status, stdout: stdout.toString() };
  }
}

test("the request holds nothing inside its quotes that bash, zsh, fish or csh would change", () => {
  const { request } = renderRemoteCommand({ command: "x", environment: {}, shell: "login", nonce: "n0" });
  expect(request).toMatchInlineSnapshot(
    `"exec /bin/sh -c 'echo "rocmark-n0 $$" >&2; n=$(echo; echo x); n=\${n%x}; b=; while IFS= read -r l; do if [ "$l" = end-n0 ]; then eval "$b"; exit; fi; b=$b$l$n; done; exit 97'"`,
  );
  expect(request.slice("exec /bin/sh -c '".length, -1)).not.toMatch(/['\\\n!]/);
});

test("output is the same however it is cut into chunks", () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 10 }), (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const heard: string[] = [];
      const buffer = new OutputBuffer((part) => heard.push(part));
      let from = 0;
      for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
        buffer.push(bytes.subarray(from, Math.max(from, cut)));
        from = Math.max(from, Math.min(cut, bytes.length));
      }
      expect(buffer.finish()).toBe(whole);
      expect(heard.join("")).toBe(whole);
    }),
    { seed: 7 },
  );
});

test("beyond the limit output is counted and passed on, not kept, and no character is cut", () => {
  const heard: string[] = [];
  const buffer = new OutputBuffer((part) => heard.push(part), 5);
  for (const part of ["ab\u20ac", "\u20ac", "x"]) buffer.push(Buffer.from(part));
  expect(buffer.finish()).toBe("ab\u20ac"); // 5 bytes
  expect(buffer.droppedBytes).toBe(4);
  expect(heard.join("")).toBe("ab\u20ac\u20acx");
});

test("delays grow by half each time up to 5 s, the upper half of each at random", () => {
  expect([1, 2, 3, 20].map((attempts) => toDelayMilliseconds(attempts, 1))).toEqual([100, 150, 225, 5000]);
  expect(toDelayMilliseconds(1, 0)).toBe(50);
});

test("slots are handed out in order, never more than the limit", async () => {
  const slots = new Slots(2);
  const order: number[] = [];
  let most = 0;
  await Promise.all(
    [1, 2, 3, 4, 5].map(async (n) => {
      const release = await slots.take();
      order.push(n);
      most = Math.max(most, slots.taken);
      await new Promise((done) => setImmediate(done));
      release();
      release(); // a second time means nothing
    }),
  );
  expect(order).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
  expect(slots.taken).toBe(0);
});

test("who gives up waiting leaves the queue", async () => {
  const slots = new Slots(1);
  const release = await slots.take();
  const controller = new AbortController();
  const waiting = slots.take(controller.signal);
  const next = slots.take();
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  release();
  (await next)();
  expect(slots.taken).toBe(0);
});
