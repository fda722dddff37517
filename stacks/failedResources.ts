/**
 * Imported first: a resource that failed is told once more, as one line.
 *
 * With --continue-on-error the promises of a failed resource reject, and Pulumi's runner prints each that reaches the program's
 * end as an exception of ours, with its stack. The engine has said by then what failed and why.
 */
const failed = /resource (\S+) \[\S+\] failed to register$/;

process.prependListener("unhandledRejection", (error) => {
  const name = error instanceof Error ? failed.exec(error.message)?.[1] : undefined;
  if (name === undefined) return;
  const message = `${name} failed, as its own lines say; what builds on it was left out, and the next pulumi up goes on there`;
  // The mark of Pulumi's RunError: its message alone is printed.
  Object.assign(error as Error, { message, __pulumiRunError: true });
});
