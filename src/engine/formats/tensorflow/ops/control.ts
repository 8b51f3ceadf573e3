/** What hands values on: identities, casts, branches whose condition is known. */
import * as ops from "../../../network/ops/index";
import type { Call, Lower, Outcome } from "../call";

const pass: Lower = (call) => call.outcome(0);

/** No gradient flows back through it. */
function stop(call: Call): Outcome {
  const x = call.value(0);
  return x.kind === "constant"
    ? x
    : call.lowering.activation(call.name, ops.stopGradient, {}, x);
}

/** To a whole number values are cut off, which only is done to what is known. */
function cast(call: Call): Outcome {
  const outcome = call.outcome(0);
  const to = call.attributes.type("DstT");
  if (outcome.kind !== "constant") {
    if (to !== "float")
      call.refuse(
        "it cuts values off to whole numbers.",
        "That has no gradient.",
      );
    return outcome;
  }
  const { dims, data, type } = outcome;
  if (to !== "float" && to !== "int" && to !== "bool")
    call.refuse("it casts to a type that holds no numbers.");
  if (to === type) return outcome;
  const { lowering } = call;
  if (to === "float")
    return lowering.constant(dims, Float32Array.from(data), "float");
  const whole = to === "int" ? Math.trunc : (v: number) => (v === 0 ? 0 : 1);
  return lowering.constant(dims, Float64Array.from(data, whole), to);
}

/** Outputs (false, true): the input where the condition says so. */
function branch(call: Call): Outcome[] {
  const { data } = call.constant(1, "condition");
  const dead: Outcome = { kind: "dead" };
  const taken = call.outcome(0);
  return data[0] === 0 ? [taken, dead] : [dead, taken];
}

/** Where two branches come together again. */
function merge(call: Call): Outcome {
  const alive = call.node.inputs
    .map((_, i) => call.outcome(i))
    .filter((outcome) => outcome.kind !== "dead");
  const [only] = alive;
  if (!only || alive.length > 1)
    call.refuse("both of its branches may be taken.");
  return only;
}

export const control: Readonly<Record<string, Lower>> = {
  Identity: pass,
  Snapshot: pass,
  StopGradient: stop,
  CheckNumerics: pass,
  EnsureShape: pass,
  ReadVariableOp: pass,
  PlaceholderWithDefault: pass,
  IdentityN: (call) => call.node.inputs.map((_, i) => call.outcome(i)),
  Cast: cast,
  Switch: branch,
  Merge: merge,
};
