import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCheckpoint, readCheckpoint, resourceName } from "../../engine/checkpoint.ts";
import { folder } from "./stubs.ts";

const urn = "urn:pulumi:local::rocmark::command:local:Command::node-0-server";
const checkpoint = (operations: unknown) =>
  JSON.stringify({ checkpoint: { latest: { pending_operations: operations } } });

test.each([
  [`{"version":3,"checkpoint":{"latest":{"resources":[]}}}`, []],
  [checkpoint([]), []],
  [checkpoint([{ type: "creating", resource: { urn } }]), [urn]],
  [checkpoint([{ type: "deleting", resource: { urn } }]), []],
  [checkpoint([{ type: "creating" }, null]), ["?"]],
  [checkpoint("x"), []],
  [`{"pending_operations"`, []],
  ["", []],
])("pending creates of %s", (text, expected) =>
  expect(parseCheckpoint(text).pendingCreates).toEqual(expected),
);

test("no text breaks the parser", () => {
  fc.assert(
    fc.property(fc.json(), (json) => void parseCheckpoint(`{"pending_operations":1,"checkpoint":${json}}`)),
  );
});

test("a stack that was never made has no checkpoint", async () =>
  expect(await readCheckpoint(folder())).toBeNull());

test("a reader knows a resource by its name", () => expect(resourceName(urn)).toBe("node-0-server"));
