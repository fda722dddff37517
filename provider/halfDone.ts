import type { CommandInputs } from "./commandInputs.ts";

/** Why a create ended on its way, when the engine is to know of what it had done by then. */
export class HalfDone extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "HalfDone";
  }
}

/**
 * Runs a create. Should it fail, a command that says how to look for what it did (`read`) and how to take it back (`delete`) counts as
 * being there: the next update goes on with it, and a destroy takes the half away. The official plugin forgets it.
 */
export async function mayEndHalfDone<Value>(
  { read, delete: undo }: CommandInputs,
  create: () => Promise<Value>,
): Promise<Value> {
  try {
    return await create();
  } catch (error) {
    throw read !== undefined && undo !== undefined ? new HalfDone(error) : error;
  }
}
