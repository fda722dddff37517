/**
 * The Pulumi plugin for @pulumi/command's resources. The engine starts it with its own address as the last argument.
 */
import * as pulumi from "@pulumi/pulumi";
import { CommandProvider } from "./commandProvider.ts";
import { EngineLog } from "./engineLog.ts";

// Ctrl-C reaches every process of the terminal; the engine tells us itself when to stop, in order.
process.on("SIGINT", () => undefined);

const engine = process.argv.slice(2).find((word) => !word.startsWith("-"));
await pulumi.provider.main(new CommandProvider(new EngineLog(engine)), process.argv.slice(2));
