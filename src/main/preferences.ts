import { z } from "zod";
import {
  rememberedSchema,
  settingsSchema,
  type Remembered,
  type Settings,
} from "../shared/contract";
import { Fault } from "../shared/fault";
import { StoredFile } from "./stored-file";

const defaultSettings: Settings = {
  version: 1,
  theme: "system",
  threads: 0,
  memoryLimit: 0,
  precision: "float32",
  libraryFolder: null,
};
const rememberedFileSchema = z.strictObject({
  version: z.literal(1),
  values: rememberedSchema,
});
/** Choices, not data: the class sets of a few networks are far below this. */
const maxRememberedLength = 4 * 2 ** 20;

/** The settings and what the window remembers, on disk. */
export class Preferences {
  readonly #settings: StoredFile<Settings>;
  readonly #remembered: StoredFile<z.infer<typeof rememberedFileSchema>>;

  constructor(settingsPath: string, rememberedPath: string) {
    this.#settings = new StoredFile(
      settingsPath,
      settingsSchema,
      defaultSettings,
    );
    this.#remembered = new StoredFile(rememberedPath, rememberedFileSchema, {
      version: 1,
      values: {},
    });
  }

  /** Sentences for the user about files that could not be used. */
  get problems(): string[] {
    return [this.#settings.problem, this.#remembered.problem].filter(
      (problem) => problem !== undefined,
    );
  }

  get settings(): Settings {
    return this.#settings.value;
  }

  async changeSettings(change: Partial<Settings>): Promise<Settings> {
    await this.#settings.save({ ...this.settings, ...change });
    return this.settings;
  }

  get remembered(): Remembered {
    return this.#remembered.value.values;
  }

  /** Key by key; null forgets a key. */
  async changeRemembered(change: Remembered): Promise<void> {
    const merged = { ...this.remembered, ...change };
    const values = Object.fromEntries(
      Object.entries(merged).filter(([, value]) => value !== null),
    );
    if (JSON.stringify(values).length > maxRememberedLength)
      throw new Fault("invalid-request", "That is too much to remember.");
    await this.#remembered.save({ version: 1, values });
  }
}
