/** What the user may choose about a network besides its input: corrections of assumptions, the output, its head. */
import type {
  Assumption,
  AssumptionValues,
  Head,
  ImportReport,
  OutputChoice,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { classCount, type Network, type Told } from "../network/network";

/** As in `ReadOptions`, and as in `Answers`. */
export interface Choices {
  readonly assume?: AssumptionValues | undefined;
  readonly output?: string | null | undefined;
  readonly head?: Head | null | undefined;
}

type HeadFrom = ImportReport["headFrom"];

/**
 * Refuses what a reader was asked for and did not use, so that no choice is lost without a word.
 * Throws a Fault `invalid-request`.
 */
export function checkChoices(network: Network, choices: Choices): void {
  const assumptions = network.told.assumptions ?? [];
  const known = assumptions.map(({ key }) => key);
  for (const key of Object.keys(choices.assume ?? {}))
    if (!known.includes(key))
      throw new Fault(
        "invalid-request",
        known.length === 0
          ? `Nothing is assumed about this network, so "${key}" cannot be corrected.`
          : `Nothing called "${key}" is assumed about this network.`,
        known.length === 0
          ? `Leave "${key}" out.`
          : `It can be told: ${known.join(", ")}.`,
      );
  const { output } = choices;
  const outputs = outputsOf(network);
  if (output !== undefined && output !== null && outputs[0]?.name !== output)
    throw new Fault(
      "invalid-request",
      `The network has no output "${output.slice(0, 100)}".`,
      outputs.length === 1
        ? `It has one output, "${outputs[0]?.name}".`
        : `Its outputs are ${listed(outputs.map(({ name }) => name))}.`,
    );
}

/** Every value that can be the output, the one in use first; never empty. */
export function outputsOf(network: Network): OutputChoice[] {
  const { told, output, shapes } = network;
  if (told.outputs && told.outputs.length > 0)
    return told.outputs.map(({ name, shape }) => ({ name, shape: [...shape] }));
  return [{ name: output, shape: [...(shapes.get(output) ?? [])] }];
}

/** Assumptions as they count: those the user has confirmed or corrected are the user's. */
export function assumptionsOf(
  told: Told,
  given: AssumptionValues = {},
): Assumption[] {
  return (told.assumptions ?? []).map((assumption) => ({
    ...assumption,
    choices: [...assumption.choices],
    from:
      given[assumption.key] === assumption.value ? "answer" : assumption.from,
  }));
}

/** What the output means, and who says so. Throws a Fault `invalid-request` for an answer the output cannot have. */
export function headOf(
  network: Network,
  given: Head | null | undefined,
): { readonly value: Head; readonly from: HeadFrom } {
  if (given === undefined || given === null) {
    const { head } = network.told;
    return head ?? { value: usualHead(network), from: "assumed" };
  }
  const classes = classCount(network);
  if (given === "softmax" && classes < 2)
    throw new Fault(
      "invalid-request",
      "The head cannot be softmax: the network has one output value, and one class always has the probability 1.",
      "One unit is sigmoid or value.",
    );
  if (given === "map" && !isMap(network))
    throw new Fault(
      "invalid-request",
      "The head cannot be map: the output is one vector, not a map.",
      "A vector is softmax, sigmoid or value.",
    );
  return { value: given, from: "answer" };
}

/** Whether answers ask for no other network than was read: every choice is what is in use already. */
export function isAsRead(
  network: Network,
  readWith: Choices,
  wanted: Choices,
): boolean {
  const inUse = new Map(
    (network.told.assumptions ?? []).map(({ key, value }) => [key, value]),
  );
  const assume = wanted.assume ?? {};
  return (
    Object.entries(assume).every(([key, value]) => inUse.get(key) === value) &&
    Object.keys(readWith.assume ?? {}).every((key) =>
      Object.hasOwn(assume, key),
    ) &&
    sameChoice(readWith.output, wanted.output, outputsOf(network)[0]?.name) &&
    sameChoice(readWith.head, wanted.head, headOf(network, null).value)
  );
}

function sameChoice(
  before: string | null | undefined,
  wanted: string | null | undefined,
  inUse: string | undefined,
): boolean {
  if ((before ?? null) === (wanted ?? null)) return true;
  // what a reader takes by itself, said explicitly
  return (before ?? null) === null && wanted === inUse;
}

function usualHead(network: Network): Head {
  if (isMap(network)) return "map";
  return classCount(network) > 1 ? "softmax" : "value";
}

/** More than one place in the output as the file has it. */
function isMap({ told }: Network): boolean {
  if (told.head?.value === "map") return true;
  const [output] = told.outputs ?? [];
  const places = output?.shape.slice(0, -1) ?? [];
  return places.reduce((product, side) => product * side, 1) > 1;
}

function listed(names: readonly string[]): string {
  const most = 12;
  const some = names.slice(0, most).map((name) => `"${name.slice(0, 100)}"`);
  return some.join(", ") + (names.length > most ? ", ..." : "");
}
