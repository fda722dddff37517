import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { capture } from "../../engine/processes.ts";
import { buildEngine } from "../../engine/sources/goModules.ts";
import { findGo } from "../../engine/sources/goToolchain.ts";
import { folder, progress, script } from "./stubs.ts";

const go = await findGo(process.env);

// Seconds with Go's caches warm, half a minute without, and some hundred MB from the module proxy.
test.skipIf("reason" in go)(
  "builds the language host from Go modules into an empty Pulumi home",
  async () => {
    const home = folder();
    const bin = join(home, "versions", "3.259.0", "bin");
    mkdirSync(bin, { recursive: true });
    // The CLI takes minutes; what is there is not built again.
    script(join(bin, "pulumi"), "echo v3.259.0");
    const shown = progress();
    const env = { ...process.env, PULUMI_HOME: home };
    const engine = await buildEngine({ env, progress: shown });
    expect(engine).toMatchObject({ languageHost: join(bin, "pulumi-language-nodejs"), version: "3.259.0" });
    expect(readdirSync(join(home, "versions"))).toEqual(["3.259.0"]);
    expect(shown.lines[0]).toMatch(/^Building pulumi-language-nodejs from Go modules/);
    const said = await capture(join(bin, "pulumi-language-nodejs"), ["-h"]);
    expect(said.stderr).toContain("-tracing");
  },
);
