import { expect, test } from "vitest";
import { withHostsFile } from "../../stacks/hostsFile.ts";

const hosts = [{ name: "gpu-a" }, { name: "gpu-b" }];
const files: Record<string, string> = {
  "hosts.json": JSON.stringify(hosts),
  "no.json": "{}",
  "bad.json": "[",
};
const readText = (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error("ENOENT");
  return text;
};

test("the file's hosts stand where hosts of the stack file would", () => {
  expect(withHostsFile({ target: "ssh", nodes: { hostsFile: "hosts.json" } }, readText)).toEqual({
    target: "ssh",
    nodes: { hosts },
  });
});

test.each([[{ nodes: { hosts } }], [{ nodes: { count: 2 } }], [{}], [{ nodes: "two" }]])(
  "without the key values stay as they are (%#)",
  (values) => {
    expect(withHostsFile(values, readText)).toEqual(values);
  },
);

test.each([
  [{ hostsFile: "hosts.json", hosts: [] }, "expected either rocmark:nodes.hosts or this, found both"],
  [{ hostsFile: 3 }, "expected the path of a JSON file, found number"],
  [{ hostsFile: "gone.json" }, "expected a JSON file at gone.json, found none that can be read: ENOENT"],
  [{ hostsFile: "bad.json" }, "expected a JSON file at bad.json, found none that can be read: "],
  [{ hostsFile: "no.json" }, "expected a list of hosts in no.json, found object"],
])("a file that gives no hosts is refused with the key (%#)", (nodes, message) => {
  expect(() => withHostsFile({ nodes }, readText)).toThrow(`rocmark:nodes.hostsFile: ${message}`);
});

test("a relative path starts at the project's folder", () => {
  expect(() => withHostsFile({ nodes: { hostsFile: "package.json" } })).toThrow(
    "expected a list of hosts in package.json",
  );
});
