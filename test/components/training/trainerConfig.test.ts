import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { trainerConfigSchema } from "../../../components/training/trainerConfig.ts";

test("the JSON Schema that the Python side tests against is the one of this schema", () => {
  const file = new URL("../../../trainer/schema/config.schema.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(
    z.toJSONSchema(trainerConfigSchema, { io: "output" }),
  );
});
