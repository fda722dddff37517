import type { Reporter, TestModule } from "vitest/node";

/** Closes a run with one plain line, "N passed, N failed", that any CI can read. */
export default class PassedFailedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const broken = modules.filter(
      (module) => module.state() === "failed" && [...module.children.allTests()].length === 0,
    );
    const count = (state: string) => states.filter((found) => found === state).length;
    const skipped = count("skipped");
    const failed = count("failed") + broken.length + errors.length;
    console.log(`${count("passed")} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  }
}
