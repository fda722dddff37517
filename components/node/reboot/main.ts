/**
 * Reboots a node into its pinned driver: a JSON request on standard input, what is loaded then as one JSON line on
 * standard output, progress on standard error. Ends with a refusal's code where it could not.
 */
import { text } from "node:stream/consumers";
import { RebootRefused, reboot } from "./reboot.ts";
import { rebootSchema } from "./request.ts";

try {
  const request = rebootSchema.parse(JSON.parse(await text(process.stdin)));
  const { module, kernel } = await reboot(request, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify({ module, kernel })}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof RebootRefused ? error.exitCode : 1;
}
