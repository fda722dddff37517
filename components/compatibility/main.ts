import { text } from "node:stream/consumers";
import { z } from "zod";
import { stackQuestionSchema } from "./inputs.ts";
import { solveStack } from "./stack.ts";

// What another process asks: `rocmark plan` has no part of components, so it hands over JSON and gets JSON back.
// Ends with 0 where the stack's software fits all nodes, 2 where it is refused or the input is not what it must be.
process.exitCode = answer(await text(process.stdin));

function answer(given: string): 0 | 2 {
  const parsed = stackQuestionSchema.safeParse(parse(given));
  if (!parsed.success) {
    process.stderr.write(
      `Expected {request, nodes, allowUnknown} as JSON on standard input:\n${z.prettifyError(parsed.error)}\n`,
    );
    return 2;
  }
  const { request, nodes, allowUnknown } = parsed.data;
  const found = solveStack(request, nodes, { allowUnknown });
  process.stdout.write(`${JSON.stringify(found)}\n`);
  return found.kind === "solved" ? 0 : 2;
}

// What is no JSON fails the schema like any other input that is not what it must be.
function parse(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
