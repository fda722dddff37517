import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { givenProps } from "./givenProps.ts";

/** A remote command, and how to see later whether the node is still as it left it. */
export interface ProbedCommandArgs extends remote.CommandArgs {
  /**
   * A script that changes nothing and prints what `create` printed (or `update`, where there is one). `pulumi refresh` runs it:
   * when it prints something else, the next `pulumi up` runs `update` or `create` again. Exit code 3 says that what `create`
   * made is gone, so that it is created anew; any other but 0 fails the refresh.
   */
  read: pulumi.Input<string>;
}

/**
 * `command:remote:Command` with drift detection, which only this project's plugin has: the official one refuses `read`.
 *
 * The SDK hands on the properties it knows. A transformation is the last to see them before they are registered.
 */
export class ProbedCommand extends remote.Command {
  constructor(name: string, { read, ...args }: ProbedCommandArgs, opts: pulumi.CustomResourceOptions = {}) {
    const withRead: pulumi.ResourceTransformation = ({ props, opts }) => ({
      props: { ...props, read },
      opts,
    });
    const transformations = [givenProps, withRead, ...(opts.transformations ?? [])];
    super(name, args, { ...opts, transformations });
  }
}
