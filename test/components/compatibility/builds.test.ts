import { expect, test } from "vitest";
import { check } from "../../../components/compatibility/rules.ts";
import { published, type Tables } from "../../../components/compatibility/tables.ts";
import { mi300x } from "./nodes.ts";

const build = (driver: string, kernel: string, reportedBuilds: Tables["reportedBuilds"]) =>
  check(
    { driver, rocm: "6.2.0", pytorch: "2.5.1+rocm6.2", python: "3.12" },
    { ...mi300x, kernel },
    { ...published, reportedBuilds },
    "wheel",
  ).find(({ rule }) => rule === "driver on the kernel")?.verdict;

test("the first build that fails counts, and the numbers of a cloud's kernels are others", () => {
  const reports = published.reportedBuilds;
  expect(build("6.2.0", "6.8.0-43-generic", reports)).toBe("holds");
  expect(build("6.2.0", "6.8.0-44-generic", reports)).toBe("broken");
  expect(build("6.2.0", "6.8.0-1044-azure", reports)).toBe("holds");
});

test("a failure that was reported outweighs a success, whichever row is first", () => {
  const report = { drivers: ["30.20.1"], series: ["6.19"], fromBuild: 0, source: "issue5624" } as const;
  const builds = { ...report, outcome: "builds" } as const;
  const fails = { ...report, outcome: "fails" } as const;
  expect(build("30.20.1", "6.19.0-5-generic", [builds])).toBe("unknown");
  expect(build("30.20.1", "6.19.0-5-generic", [builds, fails])).toBe("broken");
  expect(build("30.20.1", "6.19.0-5-generic", [fails, builds])).toBe("broken");
});
