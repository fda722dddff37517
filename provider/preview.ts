import { hasSecretInput } from "./commandInputs.ts";
import { onlyReadChanged } from "./drift.ts";
import type { ResourceType } from "./operation.ts";
import { conceal, type Properties, UNKNOWN } from "./wire.ts";

/**
 * What a preview can say of the outputs: nothing when a command will run, else that they stay. A value that will be
 * secret is so while it is unknown, too.
 */
export function preview(type: ResourceType, inputs: Properties, state: Properties): Properties {
  const made = Object.keys(state).length > 0;
  const runs = !made || ((inputs.update ?? inputs.create) !== undefined && !onlyReadChanged(inputs, state));
  const unknown = hasSecretInput(inputs) ? conceal(UNKNOWN) : UNKNOWN;
  const outputs = type.unknownUntilDone.map((name) => [name, runs ? unknown : state[name]]);
  return { ...inputs, ...Object.fromEntries(outputs) };
}
