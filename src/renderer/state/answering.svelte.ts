import { valuesInUse } from "../../shared/assumptions";
import type { Opening } from "../../shared/contract";
import type { Answers, GuessedParts, NetworkInfo } from "../../shared/domain";
import { encodeFault, type FaultData } from "../../shared/fault";
import type { Engine } from "./engine.svelte";
import type { Networks } from "./networks.svelte";
import { PictureCheck } from "./picture-check.svelte";
import type { ChosenFile } from "./world";

/** One thing that is asked about a network. */
export type Question = keyof Answers;

/** Parts of the answers that can be a guess. */
const parts = ["size", "preprocessing", "labels"] as const;

/** So long nothing more is typed before an answer is tried. */
const settleMs = 300;

export interface RefusedAnswer {
  readonly question: Question;
  readonly fault: FaultData;
}

/**
 * The answers about the open network. A change is tried soon after it was made; one that is refused says
 * why and leaves the network, and what is shown, as they were.
 */
export class Answering {
  readonly check: PictureCheck;
  /** Asked for and not the network's yet; null: nothing is under way. */
  draft = $state.raw<Answers | null>(null);
  /** Parts of the draft that the user has decided; the others stay the guesses they are. */
  #decided: ReadonlySet<Question> = new Set();
  progress = $state.raw<Opening | null>(null);
  refused = $state.raw<RefusedAnswer | null>(null);
  /** What was changed last: the question that a refusal is about. */
  #question: Question = "preprocessing";
  /** Id of the network that the draft is about. */
  #network: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #abort: AbortController | null = null;
  /** Ends when what is being tried has ended, whichever way; answers follow each other. */
  #turn: Promise<void> = Promise.resolve();
  readonly #networks: Networks;
  readonly #engine: Engine;
  readonly #onAnswers: (before: NetworkInfo, network: NetworkInfo) => void;

  /** `onAnswers` is called once the open network has other answers. */
  constructor(
    engine: Engine,
    networks: Networks,
    onAnswers: (before: NetworkInfo, network: NetworkInfo) => void,
  ) {
    this.#engine = engine;
    this.#onAnswers = onAnswers;
    this.#networks = networks;
    this.check = new PictureCheck(engine);
  }

  /** What the form shows; null without a network. */
  readonly shown = $derived.by((): Answers | null => {
    const network = this.#networks.current;
    return (this.draft ?? network?.report.answers) || null;
  });

  /** Whether the open network rests on a guess that nobody has looked at. */
  readonly guessed = $derived.by((): boolean => {
    const network = this.#networks.current;
    return network !== null && isGuessed(network);
  });

  /** Changes one answer; it is tried once the hand has come to rest. */
  change<K extends Question>(question: K, answer: Answers[K]): void {
    const network = this.#networks.current;
    if (!network) return;
    this.draft = {
      ...(this.draft ?? network.report.answers),
      [question]: answer,
    };
    this.#decided = new Set([...this.#decided, question]);
    this.#question = question;
    this.#network = network.id;
    this.refused = null;
    this.#abort?.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#queue();
    }, settleMs);
  }

  /** Names the classes after a file; one that holds no names is refused. */
  async readLabels({ token }: ChosenFile): Promise<void> {
    const network = this.#networks.current;
    try {
      const { labels } = await this.#engine.client.call("labels.read", {
        token,
      });
      if (network && this.#networks.current?.id === network.id)
        this.change("labels", { kind: "list", labels });
    } catch (error) {
      this.refused = { question: "labels", fault: encodeFault(error) };
    }
  }

  /** Says that the answers are right as they are, guesses and assumptions included. */
  async confirm(): Promise<void> {
    const network = this.#networks.current;
    if (!network || this.draft) return;
    const { answers, assumptions, headFrom } = network.report;
    this.draft = {
      ...answers,
      assumptions: valuesInUse(
        assumptions.filter(({ from }) => from !== "file"),
      ),
      head: headFrom === "assumed" ? network.head : answers.head,
    };
    this.#decided = new Set(parts);
    this.#network = network.id;
    this.refused = null;
    await this.#queue();
  }

  /** Takes the answers of another network of the same architecture; what was a guess there stays one. */
  async take({
    answers,
    guessed,
  }: NonNullable<NetworkInfo["report"]["offer"]>): Promise<void> {
    const network = this.#networks.current;
    if (!network || this.draft) return;
    this.draft = answers;
    this.#decided = new Set(parts.filter((part) => !guessed.includes(part)));
    this.#network = network.id;
    this.refused = null;
    await this.#queue();
  }

  /** Gives up what is under way; the network stays as it is. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#abort?.abort();
    this.draft = null;
    this.#decided = new Set();
    this.progress = null;
  }

  /** Parts of the draft nobody has confirmed: guesses that were not touched. */
  #guessed(network: NetworkInfo | null): GuessedParts {
    return parts.filter(
      (part) =>
        network?.report.from[part] === "guess" && !this.#decided.has(part),
    );
  }

  /** Another network is open: what was asked about the last one is over. */
  turnTo(network: NetworkInfo | null): void {
    if ((network?.id ?? null) === this.#network) return;
    this.stop();
    this.#network = network?.id ?? null;
    this.refused = null;
    if (network) void this.check.look(network);
  }

  #queue(): Promise<void> {
    const after = this.#turn;
    this.#turn = after.then(() => this.#try());
    return this.#turn;
  }

  async #try(): Promise<void> {
    const answers = this.draft;
    const id = this.#network;
    if (!answers || id === null) return;
    const guessed = this.#guessed(this.#networks.current);
    const abort = new AbortController();
    this.#abort = abort;
    this.refused = null;
    this.progress = { stage: "Opening again", bytes: 0, total: 0 };
    try {
      const network = await this.#engine.client.job(
        "networks.answer",
        { network: id, answers, guessed },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            if (this.#abort === abort) this.progress = progress;
          },
        },
      );
      const before = this.#networks.current;
      this.#networks.replace(network);
      if (before?.id === id) this.#onAnswers(before, network);
      if (this.draft === answers) {
        this.draft = null;
        this.#decided = new Set();
      }
      if (this.#networks.current?.id === id) void this.check.look(network);
    } catch (error) {
      // What was changed again meanwhile has its own turn.
      if (abort.signal.aborted || this.draft !== answers) return;
      this.draft = null;
      this.#decided = new Set();
      this.refused = { question: this.#question, fault: encodeFault(error) };
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.progress = null;
      }
    }
  }
}

export function isGuessed({ report }: NetworkInfo): boolean {
  return (
    Object.values(report.from).includes("guess") ||
    report.assumptions.some(
      ({ from }) => from === "assumed" || from === "evidence",
    )
  );
}
