import { defineConfig } from "vitest/config";

// `npm test` runs the quick tests. Slow ones (*.slow.test.ts) and the end-to-end path have projects of their own.
export default defineConfig({
  test: {
    reporters: ["default", "./test/passedFailedReporter.ts"],
    projects: [
      {
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.slow.test.ts", "test/endToEnd/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "slow",
          include: ["test/**/*.slow.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "end-to-end",
          include: ["test/endToEnd/**/*.test.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
