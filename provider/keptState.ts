import { outputNames } from "./drift.ts";
import type { Properties } from "./wire.ts";

/**
 * What is kept of a resource as its outputs.
 *
 * The official plugin repeats all inputs there. A command that has a `read`, which only this plugin knows, keeps its outputs alone:
 * its scripts would be in the state twice, which is written anew at every step, and go back and forth with each answer.
 */
export const toKept = (state: Properties): Properties =>
  state.read === undefined
    ? state
    : Object.fromEntries(Object.entries(state).filter(([name]) => outputNames.has(name)));

/** A resource's whole state again: the engine hands on the old inputs beside the outputs. */
export const toWhole = (inputs: Properties, kept: Properties): Properties => ({ ...inputs, ...kept });
