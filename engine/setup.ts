/** `node engine/bootstrap.mjs setup`: get everything that `npm start` needs before the stack, and nothing more. */
import { enter } from "./entry.ts";
import { ensureEngine } from "./locate.ts";

await enter(async (signal) => {
  const engine = await ensureEngine({ env: process.env, progress: process.stderr, signal });
  process.stdout.write(`Pulumi ${engine.version} from ${engine.way}: ${engine.cli}\n`);
  return 0;
});
